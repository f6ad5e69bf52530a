"""What Cybersource's documents say of each operation, recorded once."""

from tillbridge_simulators.cybersource.recorded.index import Index, Operation, recorded

__all__ = ["Index", "Operation", "recorded"]
