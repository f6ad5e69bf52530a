"""Floor 2: what each run did, step by step: events, lanes, leases, effects, dead letters."""
