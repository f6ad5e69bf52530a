"""Which operations of the recorded index this account serves."""

from collections.abc import Iterator
from dataclasses import dataclass

from tillbridge_simulators.cybersource.offers import served
from tillbridge_simulators.cybersource.recorded import Operation, recorded


@dataclass(frozen=True, slots=True)
class Covered:
    """One operation and whether it is served."""

    operation: Operation
    served: bool


def coverage() -> Iterator[Covered]:
    """Every operation of the index, in its order."""
    here = set(served())
    for operation in recorded().operations.values():
        yield Covered(operation, operation.key in here)
