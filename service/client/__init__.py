"""What an agency's own programs work with."""
