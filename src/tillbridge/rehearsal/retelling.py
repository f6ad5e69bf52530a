"""A recorded story as the steps of a test, with pseudonyms for everything personal."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tillbridge.canonical.codec import plain
from tillbridge.canonical.events import Event, Kind
from tillbridge.rehearsal.pseudonyms import Pseudonyms
from tillbridge.rehearsal.recorded import Attempted, Recorded
from tillbridge.rehearsal.story import CARDS

_KEPT: Final = frozenset({"region", "country"})
"""Of a person's data: they steer taxes and flows, and name nobody."""
_SECRETS: Final = frozenset({"token", "last4", "approval_code", "authorization_id"})
_FOLLOWING: Final = ("payment.", "document.")
"""Kinds that follow from what the shop does: the simulated world makes them again."""
_DECISIONS: Final = {Kind.PAYMENT_REVIEW_ACCEPTED: "true", Kind.PAYMENT_REVIEW_REJECTED: "false"}


def retold(recorded: Recorded, pseudonyms: Pseudonyms) -> dict[str, Any]:
    """`orders` and `steps` of a test, as YAML values."""
    told = _Teller(recorded, pseudonyms)
    orders = {}
    if recorded.attempts:
        orders[recorded.subject] = told.order(recorded.attempts[-1].order)
    moments = [(attempt.at, [told.checkout(attempt)]) for attempt in recorded.attempts]
    moments += [(kept_at, told.event(event)) for event, kept_at in recorded.events]
    moments.sort(key=lambda moment: moment[0])
    return {"orders": orders, "steps": [step for _, steps in moments for step in steps]}


class _Teller:
    def __init__(self, recorded: Recorded, pseudonyms: Pseudonyms) -> None:
        self._recorded = recorded
        self._pseudonyms = pseudonyms
        self._kinds = {event.kind for event, _ in recorded.events}

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """An order in a test's words; what says nothing is left out."""
        told = {name: value for name, value in order.items() if name not in ("number", "lines")}
        told["lines"] = [self._line(line) for line in order["lines"]]
        pruned: dict[str, Any] = _pruned(self._replaced(told))
        return pruned

    def checkout(self, attempt: Attempted) -> dict[str, Any]:
        step = {"checkout": self._recorded.subject}
        card = self._card(attempt)
        return step if card == "authorized" else {**step, "card": card}

    def event(self, event: Event) -> list[dict[str, Any]]:
        """The step that makes an event happen again; none for what follows by itself."""
        if event.kind is Kind.ORDER_FULFILLED and event.data.fulfilment is not None:
            return [{"shipment": _pruned(self._replaced(plain(event.data.fulfilment)))}]
        if event.kind is Kind.REFUND_REQUESTED and event.data.refund is not None:
            return [{"refund": _pruned(self._replaced(plain(event.data.refund)))}]
        if event.kind is Kind.ORDER_CANCELLED:
            return [{"cancellation": event.subject}]
        if event.kind in _DECISIONS and self._recorded.attempts:
            return [{"decision": event.subject, "accept": _DECISIONS[event.kind]}]
        if event.kind.startswith(_FOLLOWING) and self._recorded.attempts:
            return []
        told = {"kind": str(event.kind), "subject": event.subject, "source": event.source}
        parts = {name: part for name, part in plain(event.data).items() if part}
        return [{"event": {**told, **_pruned(self._replaced(parts))}}]

    def _card(self, attempt: Attempted) -> str:
        if attempt.state == "declined":
            reason = attempt.reason.lower()
            return reason if reason in CARDS else "processor_declined"
        if attempt.state == "challenge":
            return "challenge"
        return "review" if Kind.PAYMENT_IN_REVIEW in self._kinds else "authorized"

    def _line(self, line: Mapping[str, Any]) -> dict[str, Any]:
        told = dict(line)
        if _is_product(told):
            del told["amount"]
        return told

    def _replaced(self, value: Any, name: str = "", within: str = "") -> Any:
        """The value with pseudonyms, by the names of the fields around it."""
        match value:
            case Mapping() if set(value) == {"amount", "currency"}:
                return f"{value['amount']} {value['currency']}"
            case Mapping():
                inside = name if name in ("customer", "billing", "shipping", "custom") else within
                return {
                    key: self._replaced(inner, key, "custom" if name == "fields" else inside)
                    for key, inner in value.items()
                }
            case list() | tuple():
                inside = "custom" if name == "rows" else within
                return [self._replaced(item, "", inside) for item in value]
            case str():
                return self._text(value, name, within)
            case bool():
                return "true" if value else "false"
            case None:
                return ""
            case _:
                return value.isoformat() if hasattr(value, "isoformat") else str(value)

    def _text(self, text: str, name: str, within: str) -> str:
        known = self._pseudonyms
        if within == "custom":
            return known.free_text(text)
        if name in _SECRETS or name == "tracking_number":
            return known.text(text)
        if within not in ("customer", "billing", "shipping") or name in _KEPT:
            return text
        if name == "phone":
            return known.phone(text)
        return known.email(text) if name == "email" and "@" in text else known.text(text)


def _is_product(line: Mapping[str, Any]) -> bool:
    """Whether the line's amount is what the shop would work out itself."""
    try:
        price, quantity = Decimal(line["unit_price"]["amount"]), Decimal(line["quantity"])
        discount, amount = Decimal(line["discount"]["amount"]), Decimal(line["amount"]["amount"])
    except (KeyError, InvalidOperation):
        return False
    return price * quantity - discount == amount


def _pruned(value: Any) -> Any:
    """Without empty texts, empty groups and amounts of nothing."""
    if isinstance(value, Mapping):
        kept = {name: _pruned(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if not _says_nothing(inner)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_pruned(inner) for inner in value]
    return value


def _says_nothing(value: Any) -> bool:
    if isinstance(value, str):
        amount, _, currency = value.partition(" ")
        return not value or (len(currency) == 3 and not amount.strip("0."))
    return not value
