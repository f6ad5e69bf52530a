"""Pay-by-link: links for purchases and donations.

Source: REST API reference, Payment Links (states ACTIVE and INACTIVE; a link ends at its date,
its amount or its quantity).
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import amount_at, at, text_at
from tillbridge_simulators.cybersource.listings import listing
from tillbridge_simulators.cybersource.page_sales import pay_by_page
from tillbridge_simulators.cybersource.recurring import day_of
from tillbridge_simulators.cybersource.shelf import merged

PATH = "/ipl/v2/payment-links"


def create(ask: Ask) -> Answer:
    """POST. Raises Refusal."""
    _check(ask, ask.document)
    number = at(ask.document, "purchaseInformation.purchaseNumber") or _next_number(ask)
    if ask.account.state.invoicing.links.find(str(number)):
        raise Refusal("DUPLICATE_REQUEST", ["purchaseInformation.purchaseNumber"])
    made = utc_text(ask.account.now())
    row = merged(
        ask.document,
        {"purchaseInformation": {"purchaseNumber": str(number), "createdDate": made}},
    )
    return Answer(201, _kept(ask, row | {"id": str(number), "status": "ACTIVE", "_paid": "0"}))


def get(ask: Ask) -> Answer:
    """GET {id}."""
    row = ask.account.state.invoicing.links.find(ask.id)
    return Answer(200, _shown(ask, row)) if row else not_found(ask.account.now())


def list_all(ask: Ask) -> Answer:
    """GET, by status."""
    status = ask.query.get("status")
    rows = [
        _shown(ask, row)
        for row in ask.account.state.invoicing.links.where(
            lambda row: status in (None, row["status"])
        )
    ]
    return listing(ask, PATH, "links", rows, total="totalLinks")


def update(ask: Ask) -> Answer:
    """PATCH {id}; `status` INACTIVE closes the link, ACTIVE opens it again."""
    row = ask.account.state.invoicing.links.find(ask.id)
    if row is None:
        raise Refusal("INVALID_DATA", ["id"])
    changed = merged(row, ask.document)
    if changed["status"] not in ("ACTIVE", "INACTIVE"):
        raise Refusal("INVALID_DATA", ["status"])
    _check(ask, changed)
    changed["purchaseInformation"]["purchaseNumber"] = row["id"]
    return Answer(201, _kept(ask, changed))


def pay(account: Account, id_: str, amount: Decimal, outcome: str = "authorized") -> str:
    """Somebody pays by the link; the payment's id. Raises KeyError, ValueError."""
    row = account.state.invoicing.links.copy(id_)
    if row["status"] != "ACTIVE" or _has_ended(account, row):
        raise ValueError(f"the link {id_} is not active")
    currency = row["orderInformation"]["amountDetails"]["currency"]
    answer = pay_by_page(account, id_, amount, currency, outcome)
    if answer["status"] == "AUTHORIZED":
        row["_paid"] = str(Decimal(row["_paid"]) + amount)
        if _has_ended(account, row):
            row["status"] = "INACTIVE"
        account.state.invoicing.links.put(id_, row)
        told = {
            "purchaseNumber": id_,
            "amount": str(amount),
            "currency": currency,
            "transactionId": str(answer["id"]),
        }
        for audience in ("merchant", "customer"):
            account.tell(f"payByLink.{audience}.payment", id_, {"data": told})
    return str(answer["id"])


def _check(ask: Ask, document: Mapping[str, Any]) -> None:
    kind = text_at(document, "processingInformation.linkType", length_max=20, required=True)
    if kind not in ("PURCHASE", "DONATION"):
        raise Refusal("INVALID_DATA", ["processingInformation.linkType"])
    path = "orderInformation.amountDetails"
    if kind == "PURCHASE":
        amount_at(document, path, "totalAmount")
        if not at(document, "orderInformation.lineItems"):
            raise Refusal("MISSING_FIELD", ["orderInformation.lineItems"])
    else:
        text_at(document, f"{path}.currency", length_max=3, required=True)
    ends = at(document, "purchaseInformation.expirationDate")
    if ends and _date(ends) < day_of(ask.account.now()):
        raise Refusal("INVALID_DATA", ["purchaseInformation.expirationDate"])


def _date(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise Refusal("INVALID_DATA", ["purchaseInformation.expirationDate"]) from None


def _has_ended(account: Account, row: Mapping[str, Any]) -> bool:
    ends = at(row, "purchaseInformation.expirationDate")
    most = at(row, "purchaseInformation.expirationAmount")
    too_late = bool(ends) and _date(ends) < day_of(account.now())
    return too_late or (most is not None and Decimal(row["_paid"]) >= Decimal(str(most)))


def _next_number(ask: Ask) -> str:
    invoicing = ask.account.state.invoicing
    invoicing.numbers += 1
    return f"{invoicing.numbers:08d}"


def _kept(ask: Ask, row: dict[str, Any]) -> dict[str, Any]:
    ask.account.state.invoicing.links.put(row["id"], row)
    return _shown(ask, row)


def _shown(ask: Ask, row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if not name.startswith("_")}
    if row["status"] == "ACTIVE":
        link = f"https://pay.example.com/links/{row['id']}"
        shown = merged(shown, {"purchaseInformation": {"paymentLink": link}})
    return shown | {
        "_links": {
            "self": {"href": f"{PATH}/{row['id']}", "method": "GET"},
            "update": {"href": f"{PATH}/{row['id']}", "method": "PATCH"},
        },
        "submitTimeUtc": utc_text(ask.account.now()),
    }


OFFERS = (
    Offer("payment_links.create_payment_link", "payment_link", create),
    Offer("payment_links.get_payment_link", "payment_link_read", get),
    Offer("payment_links.get_all_payment_links", "payment_link_list", list_all),
    Offer("payment_links.update_payment_link", "payment_link_update", update),
)
