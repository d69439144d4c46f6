"""What goes out to consortiums: webhooks and e-mail."""
