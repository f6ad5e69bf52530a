"""Sales orders into Ledgerly, a made-up ERP with a JSON interface.

Ledgerly keeps the caller's key of every order under a unique index: `PUT /v1/orders/<key>` makes
the order (201) or answers with the one that is there (200). So a lost answer is mended by sending
again: the kind of safety this connector declares is "natural_key".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Transient
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Call, CheckLine, Receipt, Write
from tillbridge.connector.breaks import BreakPoint, Outcome, classify, error_for
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge.connector.http import Http, Reply
from tillbridge.connector.settings import Secret, setting

KNOWN_STATUSES = ("open", "held")

SALES_ORDER = DocumentShape(
    "sales_order",
    "Sales order",
    (
        Field("number", "text", "Order number", required=True, length_max=40),
        Field("customer", "text", "Customer's name", required=True, length_max=100),
        Field("total", "money", "Total", required=True),
        Field(
            "lines",
            "list",
            "Lines",
            required=True,
            of=(
                Field("item", "text", "Item", required=True, length_max=30),
                Field("quantity", "decimal", "Quantity", required=True, digits_max=3),
                Field("price", "unit_amount", "Price per unit", required=True),
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class LedgerlySettings:
    """One company in Ledgerly."""

    address: str = setting("Address", "Where Ledgerly answers: https://<company>.ledgerly.example.")
    api_key: Secret = setting("API key", "Ledgerly, Administration, API keys: one with 'orders'.")


class LedgerlySession:
    """Writes sales orders."""

    def __init__(self, settings: LedgerlySettings, opening: Opening) -> None:
        self._connection = opening.connection
        self._headers = {
            "authorization": f"Bearer {settings.api_key.value}",
            "content-type": "application/json",
        }
        self._http = Http(settings.address, name=opening.connection)

    @property
    def writes(self) -> Mapping[str, Write]:
        return {"sales_order": Write(SALES_ORDER, "natural_key", self._put_order)}

    async def check(self, call: Call) -> Sequence[CheckLine]:
        try:
            await self.probe(call)
        except TillbridgeError as error:
            step = error.next_step or "Check the address."
            return [CheckLine("Ledgerly", passed=False, detail=error.message, next_step=step)]
        return [CheckLine("Ledgerly", passed=True, detail="The key is accepted.")]

    async def probe(self, call: Call) -> None:
        reply = await self._http.request(call, "GET", "/v1/company", headers=self._headers)
        self._refuse(reply, write=False)

    async def close(self) -> None:
        await self._http.close()

    async def _put_order(self, call: Call, fields: Fields) -> Receipt:
        reply = await self._http.request(
            call,
            "PUT",
            f"/v1/orders/{call.key}",
            headers=self._headers,
            body=encode(fields),
            write=True,
        )
        self._refuse(reply, write=True)
        order = self._order(reply)
        reference = ExternalReference(self._connection, "sales_order", order["id"])
        return Receipt((reference,), {"status": order["status"]})

    def _order(self, reply: Reply) -> dict[str, str]:
        """The order in an answer; an answer we cannot read leaves the write unknown."""
        try:
            order: Any = read_json(reply.body)
            found = {"id": str(order["id"]), "status": str(order["status"])}
        except (Rejected, KeyError, TypeError) as error:
            raise self._odd("an answer that is no order") from error
        if found["status"] not in KNOWN_STATUSES:
            raise self._odd(f"the unknown status {found['status']!r}")
        return found

    def _odd(self, what: str) -> Transient:
        return Transient(f"{self._connection}: Ledgerly gave {what}.", sent="perhaps", reason="odd")

    def _refuse(self, reply: Reply, *, write: bool) -> None:
        """Ledgerly's errors, translated here and nowhere else."""
        message = f"{self._connection}: Ledgerly answered {reply.status}."
        if reply.status == 429:  # Ledgerly's manual: a request over the limit is not acted on
            raise Transient(message, wait_s=reply.wait_s, gate=True, reason="rate_limited")
        outcome = classify(BreakPoint.ANSWERED, reply.status, write=write)
        if outcome is Outcome.CREDENTIALS:
            raise Misconfigured(
                message, reason="credentials", next_step="Make a new API key in Ledgerly."
            )
        if outcome is not Outcome.DONE:
            raise error_for(outcome, message, reply.wait_s)


CONNECTOR = Connector("ledgerly", "Ledgerly", LedgerlySettings, LedgerlySession)
