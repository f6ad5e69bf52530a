"""Tells people and channels: a webhook address, or e-mail."""
