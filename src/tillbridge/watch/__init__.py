"""Floor 1: what can be watched from outside: figures, log lines, traces."""
