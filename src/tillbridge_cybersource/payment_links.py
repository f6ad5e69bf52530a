"""Pay-by-link: links are made, changed, closed, read and listed.

Sources: Pay by Link Developer Guide ("Get Link": the purchase number is the id); REST API
reference, Payment Links.

A link's purchase number is its natural key: made again, it is refused, and what is there is
compared. A change is the whole link, and may be sent again.
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.canonical.errors import Rejected
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Poll, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.billing_states import LINK_STATES, state_of
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.link_documents import (
    NUMBER,
    PAYMENT_LINK,
    PAYMENT_LINK_UPDATE,
    changed_link,
    new_link,
)
from tillbridge_cybersource.observations import money_of, part, text_of
from tillbridge_cybersource.operations import reading_success
from tillbridge_cybersource.walks import walked

CALLS = frozenset(
    {
        *("payment_links.create_payment_link", "payment_links.get_payment_link"),
        *("payment_links.get_all_payment_links", "payment_links.update_payment_link"),
    }
)
PATH: Final = "/ipl/v2/payment-links"
GIVES: Final = (
    *("number", "kind", "status", "state", "amount", "currency", "payment_link"),
    *("expires_on", "created_at"),
)


class PaymentLinks:
    """The writes, the read and the poll about payment links."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        shape = DocumentShape(
            "payment_links",
            "Payment links of the account",
            (Field("status", "choice", "Only these", options=("active", "inactive")),),
        )
        self.poll: Poll = walked(kept, shape, GIVES, _row, {"status": "status"})
        self.writes = (
            Write(PAYMENT_LINK, "natural_key", self._make),
            Write(PAYMENT_LINK_UPDATE, "natural_key", self._update),
        )
        one = DocumentShape("payment_link", "A link as it stands", (NUMBER,))
        self.reads = (Read("payment_link", one, self._read),)

    async def _make(self, call: Call, fields: Fields) -> Receipt:
        document = new_link(fields)
        number = values.required_text(fields, "number")
        body = await self._kept.make(call, document, number, lambda there: _same(there, document))
        return self._written(body, number)

    async def _update(self, call: Call, fields: Fields) -> Receipt:
        number = values.required_text(fields, "number")
        document = changed_link(fields)
        path, doing = self._kept.at(number), f"Changing the payment link {number}"
        answer = await self._kept.change(call, path, document, method="PATCH", doing=doing)
        return self._written(answer.body, number)

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        number = values.required_text(fields, "number")
        return self._receipt(await self._kept.expect(call, number), number)

    def _written(self, body: Body, number: str) -> Receipt:
        status = text_of(body, "status")
        if status.upper() not in LINK_STATES:
            raise self._kept.odd(status)
        with reading_success(self._kept.exchange.name):
            return self._receipt(body, number)

    def _receipt(self, body: Body, number: str) -> Receipt:
        state = state_of(LINK_STATES, text_of(body, "status"), f"payment link {number}")
        return self._kept.receipt(number, {**_shown(body), "state": state})


def _same(there: Body, document: Body) -> bool:
    """Whether the link under this number takes the money that was asked for."""
    asked = part(document, "orderInformation", "amountDetails")
    found = part(there, "orderInformation", "amountDetails")
    try:
        return all(
            money_of(found, name) == money_of(asked, name)
            for name in ("totalAmount", "minAmount", "maxAmount")
        )
    except Rejected:
        return False


def _row(body: Body) -> Mapping[str, str]:
    state = LINK_STATES.get(text_of(body, "status").upper())
    return dict.fromkeys(GIVES, "") | _shown(body) | {"state": state or "unknown"}


def _shown(body: Body) -> dict[str, str]:
    purchase = part(body, "purchaseInformation")
    amounts = part(body, "orderInformation", "amountDetails")
    amount = money_of(amounts, "totalAmount")
    return {
        "number": text_of(purchase, "purchaseNumber") or text_of(body, "id"),
        "kind": text_of(part(body, "processingInformation"), "linkType").lower(),
        "status": text_of(body, "status"),
        "amount": amount.text if amount is not None else "",
        "currency": text_of(amounts, "currency"),
        "payment_link": text_of(purchase, "paymentLink"),
        "expires_on": text_of(purchase, "expirationDate"),
        "created_at": text_of(purchase, "createdDate") or text_of(body, "createdDate"),
    }
