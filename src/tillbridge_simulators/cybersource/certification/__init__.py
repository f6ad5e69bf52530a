"""What every served operation must do: run against the account itself, or against the real one."""

from tillbridge_simulators.cybersource.certification.row import Row, row, run, unproven
from tillbridge_simulators.cybersource.certification.script import (
    ANY,
    LeftOutError,
    Means,
    Put,
    Question,
    Script,
    Step,
    Told,
)
from tillbridge_simulators.cybersource.certification.table import ROWS

__all__ = [
    "ANY", "ROWS", "LeftOutError", "Means", "Put", "Question", "Row", "Script", "Step", "Told",
    "row", "run", "unproven",
]  # fmt: skip
