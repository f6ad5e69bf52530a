"""Exchange rates that connections have published, and when each was asked last."""
