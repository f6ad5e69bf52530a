"""A cancelled order cancels the sales order of the try that paid, whichever others there were."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.flows.texts import library
from tests.mapping.values import PAYMENT, WRITTEN, context, event

from tillbridge.canonical.events import Kind
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.read import read_flow
from tillbridge.flows.steps import WaitStep

ROOT = Path(__file__).parents[2]
FLOWS = [
    *sorted((ROOT / "src/tillbridge/templates").glob("*/flows/cancel-order.yaml")),
    ROOT / "campaigns/two_books_flows/cancel-order.yaml",
]


def waits(path: Path) -> list[WaitStep]:
    """The flow's waits, in order; what it writes afterwards is left out."""
    head, _, _ = path.read_text().partition("  - write: released")
    flow = read_flow(TextFile(path.name, head + "  - stop: enough\n"), library())
    return [step for step in flow.steps if isinstance(step, WaitStep)]


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.parts[-3])
def test_the_sales_order_of_another_try_is_not_taken_for_the_paid_ones(path: Path) -> None:
    paid, *ordered = waits(path)
    payment = replace(event(), data=replace(event().data, payment=PAYMENT))
    assert paid.accepts(payment, context())
    names = context() | {paid.name: payment}
    for step in ordered:
        taken = [
            (written.connection, written.attempt_key)
            for connection in ("dynamics", "sage")
            for key in ("another try", PAYMENT.attempt_key)
            for written in [replace(WRITTEN, connection=connection, attempt_key=key)]
            if step.accepts(replace(event(written=written), kind=Kind.DOCUMENT_WRITTEN), names)
        ]
        assert taken
        assert {key for _, key in taken} == {PAYMENT.attempt_key}
