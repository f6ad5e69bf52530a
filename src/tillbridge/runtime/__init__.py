"""Floor 4: workers, what wakes them, and their chores."""
