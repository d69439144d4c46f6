"""Spreadsheet files, CSV and XLSX: read without trust, written so that nothing in them is run."""
