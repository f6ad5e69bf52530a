"""Floor 2: every delivery kept before anything is done with it."""
