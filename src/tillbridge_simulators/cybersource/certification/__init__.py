"""What every served operation must do: run against the account itself, or against the real one."""

from tillbridge_simulators.cybersource.certification.certify import Certified, certify, rows_named
from tillbridge_simulators.cybersource.certification.expected import read, request_of
from tillbridge_simulators.cybersource.certification.means import (
    GivenMeans,
    SandboxLoans,
    is_sandbox,
)
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
    "ANY",
    "ROWS",
    "Certified",
    "GivenMeans",
    "LeftOutError",
    "Means",
    "Put",
    "Question",
    "Row",
    "SandboxLoans",
    "Script",
    "Step",
    "Told",
    "certify",
    "is_sandbox",
    "read",
    "request_of",
    "row",
    "rows_named",
    "run",
    "unproven",
]
