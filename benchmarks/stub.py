"""The six steps as a flow, over a connector that answers in this very process."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import tillbridge.assembly
from benchmarks import acts
from benchmarks.sales_order_ends import event as an_order
from tillbridge.canonical.events import Event, EventData
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Call, Read, Receipt, Write
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge.connector.installed import installed_connectors
from tillbridge.connector.settings import setting

CONNECTION = "stub"
FLOW = """
flow: six-steps
title: Two local steps, two reads, two writes
lane: stub
starts_on: [payment.authorized]
steps:
  - notify: taken
    title: concat('Taken ', order.number)
    ordinal: payment.attempt_key
  - read: customer
    from: stub
    ask: customer
    fields: { email: order.customer.email }
  - read: stock
    from: stub
    ask: stock
    fields: { product: "order.lines[0].product" }
  - write: ordered
    to: stub
    document: sales_order
    ordinal: payment.attempt_key
    fields:
      number: order.number
      customer: customer.fields.number
      terms: customer.fields.terms
      warehouse: stock.fields.warehouse
      name: order.customer.name
      total: order.total
  - notify: told
    title: concat('Ordered ', ordered.references.sales_order)
    ordinal: payment.attempt_key
  - write: paid
    to: stub
    document: payment
    ordinal: payment.attempt_key
    fields:
      number: order.number
      order: ordered.references.sales_order
      total: order.total
"""
TILLBRIDGE = """
connections:
  stub:
    connector: stub
    settings: {}
history: {runs: 36500, events: 36500, notices: 36500} # whatever is stored stays
"""
_SAMPLE = an_order()


@dataclass(frozen=True, slots=True)
class StubSettings:
    """Nothing that matters."""

    title: str = setting("Title", "What it is called.", default="stub")


class Stub:
    """The session: acts of benchmarks/acts.py as reads and writes."""

    def __init__(self) -> None:
        self.reads = {
            "customer": Read("customer", _shape("customer", "email"), self._customer),
            "stock": Read("stock", _shape("stock", "product"), self._stock),
        }
        ordered = _shape(
            "sales_order", "number", "customer", "terms", "warehouse", "name", total=True
        )
        paid = _shape("payment", "number", "order", total=True)
        self.writes = {
            "sales_order": Write(ordered, "natural_key", self._order),
            "payment": Write(paid, "natural_key", self._pay),
        }

    async def _customer(self, _call: Call, fields: Fields) -> Receipt:
        return Receipt(fields=acts.customer(fields))

    async def _stock(self, _call: Call, fields: Fields) -> Receipt:
        return Receipt(fields=acts.stock(fields))

    async def _order(self, call: Call, fields: Fields) -> Receipt:
        call.guard()
        return _receipt("sales_order", acts.sales_order(call.key, fields))

    async def _pay(self, call: Call, fields: Fields) -> Receipt:
        call.guard()
        return _receipt("payment", acts.payment(call.key, fields))


def install() -> None:
    """Makes this process know the connector, as if its package were installed."""
    connector = Connector("stub", "Stub", StubSettings, _open)
    known = {**installed_connectors(), connector.name: connector}
    # from outside, at run time: the product has no hook for this
    setattr(tillbridge.assembly, "installed_connectors", lambda: known)  # noqa: B010 (its type is not ours to change)


def write_site(folder: Path) -> None:
    """A user's folder with that one connection and that one flow."""
    (folder / "flows").mkdir(parents=True)
    (folder / "tillbridge.yaml").write_text(TILLBRIDGE)
    (folder / "flows" / "six-steps.yaml").write_text(FLOW)


def event(subject: str) -> Event:
    """An order of three lines was paid: starts a run."""
    order, payment = _SAMPLE.data.order, _SAMPLE.data.payment
    assert order is not None, "the sample has an order"
    assert payment is not None, "the sample has a payment"
    return replace(
        _SAMPLE,
        id=f"paid-{subject}",
        subject=subject,
        data=EventData(
            order=replace(order, number=subject), payment=replace(payment, order_number=subject)
        ),
    )


def _open(_settings: StubSettings, _opening: Opening) -> Stub:
    return Stub()


def _receipt(kind: str, answer: Mapping[str, str]) -> Receipt:
    reference = ExternalReference(CONNECTION, kind, answer["id"])
    return Receipt((reference,), {"status": answer["status"]})


def _shape(kind: str, *texts: str, total: bool = False) -> DocumentShape:
    fields = [Field(name, "text", required=True) for name in texts]
    if total:
        fields.append(Field("total", "money", required=True))
    return DocumentShape(kind, kind, tuple(fields))
