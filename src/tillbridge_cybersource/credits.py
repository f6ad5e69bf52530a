"""POST /pts/v2/credits: money to a card or bank account without a payment of ours before it.

Sources: REST API reference, "Process a Credit"; Payments Developer Guide, Credits (a stand-alone
credit is not bounded by any capture: the merchant account has to be allowed to make them) and
Time-Out Void for a Capture, Sale, Refund, or Credit.
"""

from datetime import datetime

from tillbridge.canonical.payments import Operation
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Fenced, Finding, Receipt, Write
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.electronic_checks import as_paid_by
from tillbridge_cybersource.follow_ons import follow_on_document, follow_on_receipt
from tillbridge_cybersource.operations import Operations
from tillbridge_cybersource.own_hits import find_own, void_by_key
from tillbridge_cybersource.payment_documents import billing_of, paid_with
from tillbridge_cybersource.shapes import CREDIT

CALLS = frozenset({"credit.create_credit"})


class Credits:
    """The write `credit`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        fence = operations.settings.fences
        self.write = Write(
            CREDIT,
            "fence" if fence else "find",
            self.send,
            find=self.find,
            fence=self.fence if fence else None,
        )

    async def send(self, call: Call, fields: Fields) -> Receipt:
        """Sends money out. Raises Rejected where the account or the token is not taken."""
        ours = self._operations
        document = follow_on_document(call, fields, values.money_above_zero(fields, "amount"))
        document |= paid_with(fields, ours.settings.stored_token)
        order = document["orderInformation"]
        billing = billing_of(fields)
        if billing:
            assert isinstance(order, dict), "a follow-on's document says its amount"
            document["orderInformation"] = {**order, "billTo": billing}
        sent = as_paid_by(ours.settings, document)
        answer = await ours.exchange.write(call, "/pts/v2/credits", sent)
        order_number = values.required_text(fields, "order_number")
        return follow_on_receipt(ours, Operation.CREDIT, answer, order_number)

    async def find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By search, with the credit's key; one that was voided since is found as UNDONE."""
        return await find_own(self._operations, call, fields, sent_at, Operation.CREDIT)

    async def fence(self, call: Call, fields: Fields) -> Fenced:
        """The time-out void, with the credit's key."""
        order_number = values.required_text(fields, "order_number")
        return await void_by_key(self._operations, call, order_number, Operation.CREDIT)
