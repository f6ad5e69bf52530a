"""Floor 0: the words every room and connector shares. Immutable values, no I/O."""
