"""Floor 2: what starts runs besides deliveries: planned times, folders, cursors, windows."""
