"""What a request is about: the operation's name and the order number, for faults and the log."""

from dataclasses import dataclass
from typing import Any

from tillbridge_simulators.dynamics365.addresses import Address, Segment, read_address
from tillbridge_simulators.dynamics365.errors import DataverseError
from tillbridge_simulators.dynamics365.operations import Operation
from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.payloads import find_reference, read_body
from tillbridge_simulators.dynamics365.rows import Row

PAYMENT_TRANSACTION = "_paymenttransaction"


@dataclass(frozen=True, slots=True)
class Subject:
    """`operation` is a document kind for writes, or "read", "definitions", "reference"."""

    operation: str
    order_number: str = ""


_RANKS = ("sales_order", "sales_order_cancellation", "sales_order_fulfilment",
          "payment_transaction", "sales_order_release", "sales_order_hold", "sales_order_change",
          "account")  # fmt: skip


def subject_of(organization: Organization, operations: list[Operation]) -> Subject:
    """The most telling operation of those that came together."""
    found = [_one(organization, operation) for operation in operations]
    for rank in _RANKS:
        for subject in found:
            if subject.operation == rank:
                return subject
    return found[0] if found else Subject("read")


def _one(organization: Organization, operation: Operation) -> Subject:
    try:
        address = read_address(operation.target)
        segment = address.segments[0]
        if segment.name in ("EntityDefinitions", "RelationshipDefinitions", "PublishXml"):
            return Subject("definitions")
        if operation.method == "GET":
            return Subject("read")
        return _write(organization, operation, address, segment, read_body(operation.body))
    except DataverseError:
        return Subject("unreadable")


def _write(
    organization: Organization,
    operation: Operation,
    address: Address,
    segment: Segment,
    body: dict[str, Any],
) -> Subject:
    if segment.name == "CancelSalesOrder" or address.names[-1].endswith("FulfillSalesOrder"):
        kind = "cancellation" if segment.name == "CancelSalesOrder" else "fulfilment"
        bound = body.get("OrderClose", {}).get("salesorderid@odata.bind", "")
        return Subject(f"sales_order_{kind}", _order_number(organization, str(bound)))
    if segment.name == "salesorders":
        existing = _order_at(organization, segment)
        if existing is None:
            return Subject("sales_order", str(body.get("ordernumber", "")))
        return Subject(_change(body), str(existing["ordernumber"]))
    if segment.name == "accounts":
        return Subject("account")
    if segment.name.removesuffix("s").endswith(PAYMENT_TRANSACTION):
        return Subject("payment_transaction", _merchant_reference(body))
    return Subject(f"{segment.name}_{operation.method.lower()}")


def _change(body: dict[str, Any]) -> str:
    if "statuscode" not in body:
        return "sales_order_change"
    return "sales_order_release" if body["statuscode"] == 1 else "sales_order_hold"


def _order_at(organization: Organization, segment: Segment) -> Row | None:
    table = organization.table("salesorder")
    if segment.id:
        return organization.rows.find(table, segment.id)
    try:
        return organization.rows.find_by_key(table, segment.key) if segment.key else None
    except DataverseError:
        return None


def _order_number(organization: Organization, reference: str) -> str:
    if not reference or reference.startswith("$"):
        return ""
    try:
        return str(find_reference(organization, reference)[1].get("ordernumber", ""))
    except DataverseError:
        return ""


def _merchant_reference(body: dict[str, Any]) -> str:
    for name, value in body.items():
        if name.endswith("_merchantreference"):
            return str(value)
    return ""
