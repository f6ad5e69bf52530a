"""What is told of another attempt of an order ends no wait of a run that is about one."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from tests.flows.test_templates import TEMPLATES, load
from tests.mapping.values import AT, FULFILMENT, PAYMENT, WRITTEN, context, event, usd

from tillbridge.canonical.events import Event, Kind
from tillbridge.canonical.refunds import Refund
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import WaitStep
from tillbridge.flows.walk import walk_steps

CHOOSING = {
    ("capture-when-shipped", "attempt"),
    ("cancel-order", "paid"),
    ("refund-order", "captured"),
}
"""Waits that find out which attempt it is, or that are for whatever was captured of the order."""


def waits(flow: Flow) -> list[WaitStep]:
    """The waits that are about one attempt."""
    steps = [step for step in walk_steps(flow.steps) if isinstance(step, WaitStep)]
    return [step for step in steps if (flow.name, step.name) not in CHOOSING]


FLOWS = [
    pytest.param(flow, id=f"{template.name}-{flow.name}")
    for template in TEMPLATES
    if template.name.startswith("order-to-cash")
    for flow in load(template).flows.values()
    if waits(flow)
]
OF_THE_ORDER = {Kind.ORDER_FULFILLED, Kind.ORDER_CANCELLED}
OTHER = replace(PAYMENT, attempt_key="another", captured=PAYMENT.authorized)
OWN = replace(PAYMENT, captured=PAYMENT.authorized)
REFUND = Refund(order_number="1042", id="R-1", amount=usd("1.00"), occurred_at=AT)
DOCUMENTS = ("sales_order", "sales_order_release", "payment_status")
CONNECTIONS = ("dynamics", "sage", "webshop")


def told_of(kind: Kind, attempt_key: str) -> Iterator[Event]:
    """All that may be told of an attempt under one kind."""
    payment = OWN if attempt_key == OWN.attempt_key else OTHER
    if kind in (Kind.DOCUMENT_WRITTEN, Kind.DOCUMENT_ABANDONED):
        about = payment if kind is Kind.DOCUMENT_ABANDONED else None
        for document, at in product(DOCUMENTS, CONNECTIONS):
            written = replace(WRITTEN, document=document, connection=at, attempt_key=attempt_key)
            yield replace(event(payment=about, written=written), kind=kind)
    else:
        yield replace(event(payment=payment), kind=kind)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_wait_hears_its_own_attempt_only(flow: Flow) -> None:
    elsewhere = replace(WRITTEN, connection="nowhere")
    shipped = replace(FULFILMENT, amount=usd("1.00"))
    names = context(fulfilment=shipped, refund=REFUND, written=elsewhere)
    names |= {"attempt": event(), "paid": event()}
    for step in waits(flow):
        for kind in set(step.kinds) - OF_THE_ORDER:
            taken = [one for one in told_of(kind, OWN.attempt_key) if step.accepts(one, names)]
            assert taken, f"{step.name} is ended by {kind}"
            others = [one for one in told_of(kind, OTHER.attempt_key) if step.accepts(one, names)]
            assert not others, f"{step.name} is ended by another attempt's {kind}"
