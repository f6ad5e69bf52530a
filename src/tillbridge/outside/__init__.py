"""The simulated outside world: its processes, and a user's connections pointed at it."""
