"""Campaigns break the product on purpose and judge it by the simulators' own logs."""
