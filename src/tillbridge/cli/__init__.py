"""Floor 6: commands, one file a noun."""
