"""The outside world: stand-ins of Cybersource, Dynamics 365, Sage Pro and a shop.

They import nothing of ours, keep state, keep an append-only log of every request and effect, and
misbehave on request.
"""
