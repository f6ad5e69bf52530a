"""Floor 1: one PostgreSQL. Connect, transact, migrate; the embedded server."""
