"""Rehearsal: a user's flows, played over simulators by the tests beside them."""
