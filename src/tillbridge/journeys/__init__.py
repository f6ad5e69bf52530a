"""Floor 3: the main jobs, one file each, readable top to bottom."""
