"""Wallets: sessions that shoppers agree to, the orders made of them, and how each stands.

Source: REST API reference, Payments: "Create Alternative Payments Sessions Request", "Update
Alternative Payments Sessions Request", "Create a Payment Order Request", "Check a Payment Status".
Every shopper agrees at once: a session is PENDING until an order is made of it.
"""

from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, money_at, text_at

_PAGE = "https://wallet.example/agree/"


def open_session(ask: Ask) -> Answer:
    """POST /pts/v2/payment-references."""
    id_ = ask.account.state.new_id(ask.account.now())
    kept = ask.account.state.wallets.put(id_, {"id": id_, "status": "PENDING", **_asked(ask)})
    return Answer(201, _shown(ask, kept))


def change_session(ask: Ask) -> Answer:
    """PATCH /pts/v2/payment-references/{id}: while no order is made of it."""
    session = _session(ask)
    kept = ask.account.state.wallets.put(session["id"], session | _asked(ask))
    return Answer(201, _shown(ask, kept))


def make_order(ask: Ask) -> Answer:
    """POST /pts/v2/payment-references/{id}/intents: once, of at most what was agreed."""
    session = _session(ask)
    asked = _asked(ask)
    if asked["currency"] != session["currency"] or asked["amount"] != session["amount"]:
        raise Refusal("INVALID_AMOUNT", ["orderInformation.amountDetails.totalAmount"])
    state = ask.account.state
    state.wallets.put(session["id"], session | {"status": "COMPLETED"})
    id_ = state.new_id(ask.account.now())
    kept = state.wallets.put(id_, {"id": id_, "status": "CREATED", **asked})
    return Answer(201, _shown(ask, kept))


def refresh(ask: Ask) -> Answer:
    """POST /pts/v2/refresh-payment-status/{id}: of a session, an order or a payment."""
    text_at(ask.document, "clientReferenceInformation.code", length_max=50, required=False)
    kept = ask.account.state.wallets.find(ask.id)
    paid = ask.account.state.authorizations.get(ask.id)
    if kept is None and paid is None:
        raise Refusal("INVALID_DATA", ["id"])
    if kept is None and paid is not None:
        kept = {
            "id": paid.id, "status": paid.outcome.status, "code": paid.code,
            "amount": str(paid.amount), "currency": paid.currency,
        }  # fmt: skip
    assert kept is not None, "one of both is there"
    return Answer(201, _shown(ask, kept))


def _asked(ask: Ask) -> dict[str, Any]:
    amount, currency = money_at(ask.document, "orderInformation.amountDetails")
    ways = ("name", "method.name")
    if not any(at(ask.document, f"paymentInformation.paymentType.{way}") for way in ways):
        raise Refusal("MISSING_FIELD", ["paymentInformation.paymentType.name"])
    code = text_at(ask.document, "clientReferenceInformation.code", length_max=50, required=False)
    return {"code": code, "amount": str(amount), "currency": currency}


def _session(ask: Ask) -> dict[str, Any]:
    found = ask.account.state.wallets.find(ask.id)
    if found is None or found["status"] != "PENDING":
        raise Refusal("INVALID_DATA", ["id"])
    return found


def _shown(ask: Ask, kept: dict[str, Any]) -> dict[str, Any]:
    details = {"totalAmount": kept["amount"], "currency": kept["currency"]}
    return {
        "id": kept["id"],
        "submitTimeUtc": utc_text(ask.account.now()),
        "status": kept["status"],
        "clientReferenceInformation": {"code": kept["code"]},
        "processorInformation": {"paymentUrl": f"{_PAGE}{kept['id']}"},
        "orderInformation": {"amountDetails": details},
    }


OFFERS = (
    Offer("payments.create_session_request", "wallet_session", open_session),
    Offer("payments.update_session_request", "wallet_session_change", change_session),
    Offer("payments.create_order_request", "wallet_order", make_order),
    Offer("payments.refresh_payment_status", "wallet_state", refresh),
)
