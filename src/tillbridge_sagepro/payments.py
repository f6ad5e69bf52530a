"""Payment operations of an order: one row of ix_xref each, so that either side finds the other.

Nothing of a receipt is posted here: cash and ledger follow their own documents.
"""

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector import values
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.documents import Fields
from tillbridge_sagepro import documents
from tillbridge_sagepro.company import Company
from tillbridge_sagepro.cross_references import CrossReference, order_number_of
from tillbridge_sagepro.database import Transaction
from tillbridge_sagepro.new_order import PAYMENT_ID_MAX, SHOP_REFERENCE_MAX
from tillbridge_sagepro.numbers import stored_number
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.writing import Writing

KIND = "payment_transaction"


def write_payment(writing: Writing, fields: Fields) -> Receipt:
    """Notes one operation. Raises AlreadyClaimed when the effect's key is already there."""
    operation = values.required_text(fields, "operation")
    if operation not in documents.OPERATIONS:
        raise Rejected(
            f"operation is {operation!r}; it takes {', '.join(documents.OPERATIONS)}.",
            reason="bad_field",
            place=Place(field="operation"),
        )
    transaction_id = documents.identifier(
        fields, "transaction_id", "transaction_id", PAYMENT_ID_MAX
    )
    if not transaction_id:
        raise values.missing("transaction_id")
    amount = None if fields.get("amount") is None else values.required_money(fields, "amount")
    docno = _order(writing.transaction, fields, writing.settings)
    reference = CrossReference(
        operation,
        writing.key,
        writing.stamp.at,
        docno=docno,
        transaction_id=transaction_id,
        shop_ref=_shop_reference(fields),
        amount=amount,
    )
    writing.transaction.claim(statement("claim"), writing.claim_values(reference))
    return payment_receipt(writing.company, docno, writing.key)


def payment_receipt(company: Company, docno: str, key: str) -> Receipt:
    """How the note is known here: by the effect's key, on that order."""
    references = (
        ExternalReference(company.system, KIND, key),
        ExternalReference(company.system, "sales_order", docno.strip()),
    )
    return Receipt(references, {"sono": docno.strip()})


def _shop_reference(fields: Fields) -> str:
    return documents.identifier(fields, "websono", "websono", SHOP_REFERENCE_MAX)


def _order(transaction: Transaction, fields: Fields, settings: SageProSettings) -> str:
    sono, shop_reference = values.text(fields, "sono"), _shop_reference(fields)
    if sono.strip():
        return stored_number(sono)
    if not shop_reference:
        raise values.missing("sono")
    found = order_number_of(transaction, settings, shop_reference)
    if not found:
        raise Rejected(
            f"No sales order was written for the shop's order {shop_reference}.",
            reason="unknown_order",
            place=Place(field="websono"),
            next_step="Write the sales order first.",
        )
    return found
