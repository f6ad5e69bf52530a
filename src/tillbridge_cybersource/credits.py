"""POST /pts/v2/credits: money to a card or bank account without a payment of ours before it.

Sources: REST API reference, "Process a Credit"; Payments Developer Guide, Credits (a stand-alone
credit is not bounded by any capture: the merchant account has to be allowed to make them) and
Time-Out Void for a Capture, Sale, Refund, or Credit.
"""

from tillbridge.canonical.payments import Operation
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.electronic_checks import as_paid_by
from tillbridge_cybersource.follow_ons import follow_on_document, follow_on_receipt
from tillbridge_cybersource.operations import Operations
from tillbridge_cybersource.own_hits import own_write
from tillbridge_cybersource.payment_documents import billing_of, paid_with
from tillbridge_cybersource.shapes import CREDIT

CALLS = frozenset({"credit.create_credit"})


class Credits:
    """The write `credit`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.write = own_write(operations, CREDIT, Operation.CREDIT, self.send)

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
