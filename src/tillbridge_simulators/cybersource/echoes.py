"""What the details of a transaction repeat of its request: who, where, what for; never a number.

Source: the official client's TssV2TransactionsGet200Response; integrations read buyer, device,
lines and the merchant's own fields without looking whether they are there.
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.recorded import recorded

_KEPT_MAX = 5_000
_MODEL = "TssV2TransactionsGet200Response"
_WHOLE = ("buyerInformation", "deviceInformation", "merchantDefinedInformation")
_OF_ORDER = ("billTo", "shipTo", "lineItems")
_ENDS = ("expirationMonth", "expirationYear")


def keep_echo(account: Account, id_: str, document: Mapping[str, Any]) -> None:
    """Keeps what the details of this transaction will repeat, of the newest ones."""
    echoes = account.state.echoes
    order, card = at(document, "orderInformation") or {}, _card(document)
    said = {name: document.get(name) for name in _WHOLE}
    told = {name: order.get(name) for name in _OF_ORDER}
    if company := at(order, "billTo.company.name"):
        told["billTo"] = {**order["billTo"], "company": company}
    said["orderInformation"] = told
    said["paymentInformation"] = {"card": {name: card.get(name) for name in _ENDS}}
    said["processingInformation"] = {
        "commerceIndicator": at(document, "processingInformation.commerceIndicator")
    }
    echoes[id_] = recorded().known(_MODEL, said)
    if len(echoes) > _KEPT_MAX:
        del echoes[next(iter(echoes))]


def echo_of(account: Account, id_: str) -> dict[str, Any]:
    """A copy of it, with every part that clients look for."""
    said = account.state.echoes.get(id_, {})
    order = said.get("orderInformation", {})
    return {
        "buyerInformation": dict(said.get("buyerInformation", {})),
        "deviceInformation": dict(said.get("deviceInformation", {})),
        "merchantDefinedInformation": list(said.get("merchantDefinedInformation", ())),
        "processingInformation": dict(said.get("processingInformation", {})),
        "orderInformation": {
            "billTo": dict(order.get("billTo", {})),
            "shipTo": dict(order.get("shipTo", {})),
            "lineItems": list(order.get("lineItems", ())),
        },
        "paymentInformation": {"card": dict(at(said, "paymentInformation.card") or {})},
    }


def _card(document: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (at(document, f"paymentInformation.{noun}") for noun in ("card", "tokenizedCard"))
    return next((one for one in found if isinstance(one, Mapping)), {})
