"""A stand-in of Cybersource's REST API: strict, stateful, and able to misbehave on request."""

from tillbridge_simulators.cybersource.app import CybersourceSimulator
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.cybersource.webhooks import Subscription

__all__ = ["CybersourceSimulator", "Options", "Subscription"]
