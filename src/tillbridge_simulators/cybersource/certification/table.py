"""Every row of the certification, noun by noun, in the order in which they run."""

from collections.abc import Sequence

from tillbridge_simulators.cybersource.certification import payments, search
from tillbridge_simulators.cybersource.certification.row import Row

ROWS: Sequence[Row] = (
    *payments.ROWS,
    *search.ROWS,
)
