"""What Dynamics knows of an order: the row, its state in our words, its receipt.

States: learn.microsoft.com, "SalesOrder" table reference, statecode.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tillbridge.canonical.errors import Place, Rejected, TillbridgeError, Unreconciled
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import Fields
from tillbridge_dynamics365.odata import by_id, quoted
from tillbridge_dynamics365.web_api import WebApi

SELECTED = "$select=salesorderid,ordernumber,totalamount,statecode,statuscode"

ACTIVE = 0
SUBMITTED = 1
CANCELED = 2
_STATES = {0: "active", 1: "submitted", 2: "canceled", 3: "fulfilled", 4: "invoiced"}


@dataclass(frozen=True, slots=True)
class OrderState:
    """One order as it stands; `version` is its ETag."""

    id: str
    number: str
    total: Decimal
    state: int
    status: int
    version: str

    def receipt(self, connection: str, hold_status: int) -> Receipt:
        """Ids and fields a flow reads: salesorderid, ordernumber, total, status, statuscode.

        `status` is on_hold, active, submitted, canceled, fulfilled or invoiced.
        """
        on_hold = self.state == ACTIVE and self.status == hold_status
        return Receipt(
            references=(
                ExternalReference(connection, "sales_order", self.id),
                ExternalReference(connection, "sales_order_number", self.number),
            ),
            fields={
                "salesorderid": self.id,
                "ordernumber": self.number,
                "total": f"{self.total:f}",
                "status": "on_hold" if on_hold else _STATES[self.state],
                "statuscode": str(self.status),
            },
        )


def read_state(row: dict[str, Any]) -> OrderState:
    """Raises Unreconciled for a state this connector does not know."""
    state = int(row["statecode"])
    if state not in _STATES:
        raise Unreconciled(
            f"The order {row['ordernumber']} has the unknown state {state}.",
            reason="unknown_state",
            next_step="Look at the order in Dynamics; this connector needs to learn that state.",
        )
    return OrderState(
        id=str(row["salesorderid"]),
        number=str(row["ordernumber"]),
        total=Decimal(row["totalamount"] or 0),
        state=state,
        status=int(row["statuscode"]),
        version=str(row["@odata.etag"]),
    )


async def find_order(web_api: WebApi, call: Call, fields: Fields) -> OrderState:
    """The order that a document points to by `salesorderid`, or else by `ordernumber`.

    Raises:
        Rejected: there is none, or the number is not of one order only.
    """
    order_id = values.text(fields, "salesorderid")
    if order_id:
        return read_state(await web_api.read(call, f"{by_id('salesorders', order_id)}?{SELECTED}"))
    number = values.required_text(fields, "ordernumber")
    found = await orders_numbered(web_api, call, number)
    if len(found) == 1:
        return found[0]
    raise not_one_order(web_api.connection, number, len(found))


async def orders_numbered(web_api: WebApi, call: Call, number: str) -> list[OrderState]:
    """At most two orders of that number: more than one is already one too many."""
    path = f"salesorders?{SELECTED}&$filter=ordernumber%20eq%20{quoted(number)}&$top=2"
    answer = await web_api.read(call, path)
    return [read_state(row) for row in answer["value"]]


def not_one_order(connection: str, number: str, count: int) -> TillbridgeError:
    """The refusal when a number does not lead to exactly one order."""
    return Rejected(
        f"{connection} has {count or 'no'} orders numbered {number!r}.",
        reason="not_found" if not count else "ambiguous",
        place=Place(field="ordernumber"),
        next_step="Give salesorderid, the order's id in Dynamics.",
    )
