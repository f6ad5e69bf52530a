"""Floor 2: payments, their attempts, and what was observed of them."""
