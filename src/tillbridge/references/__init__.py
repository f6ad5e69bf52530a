"""Floor 2: how one thing is known in each system."""
