"""HTTP in: decisions, views, ledger."""
