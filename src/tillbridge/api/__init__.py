"""Floor 6: HTTP, one file a noun."""
