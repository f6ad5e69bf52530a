"""Mandates of direct debits, and what is announced of standing instructions.

Sources: REST API reference, Billing Agreements; the official client's models (what SEPA and Bacs
require, statuses); Bacs Direct Debit guide, "Update a Mandate"; RuPay guide, "Intimation". What
the scheme does not accept is answered as a success with the status FAILED: here it is an error. A
bank account only leaves encrypted. A mandate is asked about by Cybersource's id, which a lost
answer does not tell: that one is a person's. Standing instructions are registered with a card's
number, so here they are only announced (docs/systems/cybersource.md).
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.mandates import MandateState
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.billing_states import MANDATE_STATES, state_of
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.operations import amount_details
from tillbridge_cybersource.payment_documents import address_of
from tillbridge_cybersource.shapes import ADDRESS, ORDER_NUMBER
from tillbridge_cybersource.statuses import read_refusal

CALLS = frozenset(
    {
        "billing_agreements.billing_agreements_registration",
        "billing_agreements.billing_agreements_de_registration",
        "billing_agreements.billing_agreements_intimation",
    }
)
PATH: Final = "/pts/v2/billing-agreements"
_INTIMATIONS: Final = "intimations"
_METHOD: Final = "SENTENIAL"
_TYPES: Final = {"SEPA": "directDebitSepa", "BACS": "directDebitBacs"}
_PAGES: Final = ("success_url", "cancel_url", "failure_url")
_NUMBER = Field("number", "text", "Our number of the mandate", required=True, length_max=35)
"""agreementInformation.id, which is said to the payer's bank (SEPA: 35 characters)."""
_MANDATE_ID = Field("mandate_id", "text", "Cybersource's id of the mandate", required=True)
MANDATE = DocumentShape(
    "mandate",
    "Mandate to debit a bank account",
    (
        _NUMBER,
        Field("scheme", "choice", "Scheme", required=True, options=tuple(_TYPES)),
        Field("iban", "text", "IBAN (SEPA)", length_max=34),
        Field("bank_code", "text", "Sort code or SWIFT code (Bacs)", length_max=11),
        Field("account_number", "text", "Account number (Bacs)", length_max=17),
        Field("customer_id", "text", "Customer's number", required=True, length_max=100),
        Field("billing", "group", "Payer", of=ADDRESS, required=True),
        Field("signed_on", "date", "Day it was signed, of one that is signed already"),
        Field("success_url", "text", "Page after the payer has signed"),
        Field("cancel_url", "text", "Page after the payer has left"),
        Field("failure_url", "text", "Page after it came to nothing"),
    ),
)
MANDATE_UPDATE = DocumentShape(
    "mandate_update",
    "Name and address of a mandate's payer",
    (_NUMBER, _MANDATE_ID, Field("billing", "group", "Payer", of=ADDRESS, required=True)),
)
MANDATE_REVOCATION = DocumentShape("mandate_revocation", "End of a mandate", (_NUMBER, _MANDATE_ID))
DEBIT_NOTICE = DocumentShape(
    "debit_notice",
    "Announcement of what a standing instruction will take",
    (
        ORDER_NUMBER,
        Field("agreement_id", "text", "Cybersource's id of the instruction", required=True),
        Field("amount", "money", "Amount", required=True),
        Field("identifier", "text", "The instruction's identifier at its bank"),
    ),
)


class Mandates:
    """The writes about mandates, and how one stands."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.writes = (
            Write(MANDATE, "none", self._make),
            Write(MANDATE_UPDATE, "natural_key", self._update),
            Write(MANDATE_REVOCATION, "natural_key", self._revoke),
            Write(DEBIT_NOTICE, "none", self._announce),
        )
        one = DocumentShape("mandate", "A mandate as it stands", (_NUMBER, _MANDATE_ID))
        self.reads = (Read("mandate", one, self._read),)

    async def _make(self, call: Call, fields: Fields) -> Receipt:
        number = values.required_text(fields, "number")
        if not self._kept.settings.encrypt_requests:
            raise Misconfigured(
                f"{self._kept.exchange.name}: bank accounts are only sent encrypted.",
                reason="not_encrypted",
                next_step="Set encrypt_requests to yes for this connection.",
            )
        document = _mandate(fields)
        doing = f"Making the mandate {number}"
        answer = await self._kept.change(call, PATH, document, doing=doing)
        return self._done(answer, doing, MandateState.PENDING, MandateState.ACTIVE)

    async def _update(self, call: Call, fields: Fields) -> Receipt:
        billing = {"orderInformation": {"billTo": address_of(values.group(fields, "billing"))}}
        answer, doing = await self._changed(call, fields, "AP_UPDATE_AGREEMENT", billing)
        return self._done(answer, doing, MandateState.PENDING, MandateState.ACTIVE)

    async def _revoke(self, call: Call, fields: Fields) -> Receipt:
        """Of one that is revoked already it says FAILED: so it is asked how it stands."""
        answer, doing = await self._changed(call, fields, "AP_CANCEL_AGREEMENT", {})
        if text_of(answer.body, "status").upper() == "FAILED":
            there = await self._read(call, fields)
            if there.fields["state"] == MandateState.REVOKED:
                return there
        return self._done(answer, doing, MandateState.REVOKED)

    async def _announce(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "agreement_id")
        amount = amount_details(values.money_above_zero(fields, "amount"))
        document: dict[str, object] = {
            "clientReferenceInformation": {"code": values.required_text(fields, "order_number")},
            "orderInformation": {"amountDetails": amount},
        }
        if identifier := values.text(fields, "identifier"):
            document["installmentInformation"] = {"identifier": identifier}
        path, doing = self._kept.at(id_, _INTIMATIONS), f"Announcing a debit of {id_}"
        answer = await self._kept.change(call, path, document, doing=doing)
        status = text_of(answer.body, "status")
        if status.upper() != "SUCCESS":
            raise self._kept.odd(status)
        return self._kept.receipt(text_of(answer.body, "id"), {"status": status})

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "mandate_id")
        document = _change(fields, "AP_REFRESH_AGREEMENT_STATUS")
        exchange = self._kept.exchange
        answer = await exchange.manage(call, "PATCH", self._kept.at(id_), document)
        if not answer.is_accepted:
            raise read_refusal(exchange.name, f"Reading the mandate {id_}", answer)
        return self._receipt(answer.body)

    async def _changed(
        self, call: Call, fields: Fields, action: str, more: Mapping[str, object]
    ) -> tuple[Answer, str]:
        id_ = values.required_text(fields, "mandate_id")
        doing = f"The change of the mandate {id_} ({action})"
        document = {**_change(fields, action), **more}
        path = self._kept.at(id_)
        return await self._kept.change(call, path, document, method="PATCH", doing=doing), doing

    def _done(self, answer: Answer, doing: str, *wanted: MandateState) -> Receipt:
        """Raises Rejected for what was not accepted, Transient for a word nobody knows."""
        status = text_of(answer.body, "status")
        state = MANDATE_STATES.get(status.upper())
        if state is None:
            raise self._kept.odd(status)
        if state not in wanted:
            code = text_of(part(answer.body, "processorInformation"), "responseCode")
            raise Rejected(
                f"{self._kept.exchange.name}: {doing} was not accepted: {status} {code}.",
                reason="mandate_not_accepted",
                next_step="Read how the mandate stands; let its payer sign a new one.",
            )
        return self._receipt(answer.body)

    def _receipt(self, body: Body) -> Receipt:
        id_, agreement = text_of(body, "id"), part(body, "agreementInformation")
        status = text_of(body, "status")
        told = {
            "mandate_id": id_,
            "number": text_of(agreement, "id"),
            "status": status,
            "state": state_of(MANDATE_STATES, status, f"mandate {id_}"),
            "page": text_of(agreement, "url"),
            "signed_on": text_of(agreement, "dateSigned"),
            "revoked_on": text_of(agreement, "dateRevoked"),
        }
        return self._kept.receipt(id_, told)


def _mandate(fields: Fields) -> dict[str, object]:
    """Raises Rejected where the scheme wants more than there is."""
    scheme = values.required_text(fields, "scheme")
    signed_on = values.day(fields, "signed_on")
    number = values.required_text(fields, "number")
    agreement = {"id": number}
    if signed_on is not None:
        agreement["dateSigned"] = f"{signed_on:%Y%m%d}"
    document = _doing(number, "AP_IMPORT_AGREEMENT" if signed_on else "BILLING_AGREEMENT_CREATE")
    document |= {
        "agreementInformation": agreement,
        "buyerInformation": {"merchantCustomerId": values.required_text(fields, "customer_id")},
        "orderInformation": {"billTo": address_of(values.group(fields, "billing"))},
        "paymentInformation": {
            "bank": _bank(fields, scheme),
            "paymentType": {"name": _TYPES[scheme], "method": {"name": _METHOD}},
        },
    }
    if signed_on is None:
        success, cancel, failure = (values.required_text(fields, name) for name in _PAGES)
        pages = {"successUrl": success, "cancelUrl": cancel, "failureUrl": failure}
        document["merchantInformation"] = pages
    return document


def _bank(fields: Fields, scheme: str) -> dict[str, object]:
    if scheme == "SEPA":
        return {"scheme": scheme, "iban": values.required_text(fields, "iban")}
    return {
        "scheme": scheme,
        "swiftCode": values.required_text(fields, "bank_code"),
        "account": {"number": values.required_text(fields, "account_number")},
    }


def _change(fields: Fields, action: str) -> dict[str, object]:
    number = values.required_text(fields, "number")
    return {**_doing(number, action), "agreementInformation": {"id": number}}


def _doing(number: str, action: str) -> dict[str, object]:
    return {
        "clientReferenceInformation": {"code": number},
        "processingInformation": {"actionList": [action]},
    }
