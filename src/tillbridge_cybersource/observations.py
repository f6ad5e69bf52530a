"""What a reply or a notification proves, as observations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Card, Observation, Operation, Source, Verdict
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import Judgement

BRANDS = {
    "001": "visa",
    "002": "mastercard",
    "003": "amex",
    "004": "discover",
    "005": "diners",
    "007": "jcb",
    "024": "maestro",
    "036": "cartes_bancaires",
    "042": "maestro",
    "054": "elo",
    "062": "unionpay",
}
"""Card types. Source: API field reference, paymentInformation.card.type."""


_COUNTS = frozenset({Verdict.APPROVED, Verdict.PARTIAL, Verdict.IN_REVIEW, Verdict.HELD_DECLINED})
"""The issuer holds money."""


def authorization_of(
    body: Mapping[str, Any],
    judgement: Judgement,
    source: Source,
    *,
    stored_token: str,
    code: str = "",
) -> Observation:
    """An authorization's body; the amount is what is held, None when nothing is."""
    held = judgement.verdict in _COUNTS
    details = part(body, "orderInformation", "amountDetails")
    amount = money_of(details, "authorizedAmount") or money_of(details, "totalAmount")
    reference = part(body, "clientReferenceInformation")
    return Observation(
        operation=Operation.AUTHORIZATION,
        verdict=judgement.verdict,
        source=source,
        order_number=code or text_of(reference, "code"),
        request_id=text_of(body, "id"),
        occurred_at=instant_of(body),
        attempt_key=text_of(reference, "transactionId") or text_of(reference, "comments"),
        amount=amount if held else None,
        reason=judgement.reason,
        review=judgement.review,
        approval_code=text_of(part(body, "processorInformation"), "approvalCode"),
        token=text_of(part(body, "tokenInformation", stored_token), "id"),
        card=_card(part(body, "paymentInformation", "card")),
    )


def taken_at_once(observation: Observation, settings: CybersourceSettings) -> Observation:
    """An approved authorization is a sale where the connection takes the money at once."""
    if settings.takes_at_once and observation.verdict is Verdict.APPROVED:
        return replace(observation, operation=Operation.SALE)
    return observation


def follow_on_of(
    operation: Operation,
    body: Mapping[str, Any],
    source: Source,
    *,
    parent_id: str = "",
    verdict: Verdict = Verdict.APPROVED,
    code: str = "",
) -> Observation:
    """The body of what follows an authorization, or of a credit."""
    amount = (
        money_of(part(body, "reversalAmountDetails"), "reversedAmount")
        or money_of(part(body, "voidAmountDetails"), "voidAmount")
        or money_of(part(body, "refundAmountDetails"), "refundAmount")
        or money_of(part(body, "creditAmountDetails"), "creditAmount")
        or money_of(part(body, "orderInformation", "amountDetails"), "totalAmount")
    )
    reference = part(body, "clientReferenceInformation")
    return Observation(
        operation=operation,
        verdict=verdict,
        source=source,
        order_number=code or text_of(reference, "code"),
        request_id=text_of(body, "id"),
        occurred_at=instant_of(body),
        attempt_key=text_of(reference, "transactionId") or text_of(reference, "comments"),
        parent_id=parent_id,
        amount=amount,
        reason=text_of(part(body, "errorInformation"), "reason"),
    )


def first_that_counts(seen: Sequence[Observation]) -> Observation | None:
    """Of what was found under one key: what took effect and stands, else the last; None of none.

    A key may have gone out twice, the second time to be refused because of the first: the refusal
    tells nothing of what is held.
    """
    return next((one for one in seen if one.verdict in _COUNTS), seen[-1] if seen else None)


def part(body: Mapping[str, Any], *steps: str) -> Mapping[str, Any]:
    """The object at a path; empty when a step is missing."""
    value: Any = body
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def text_of(body: Mapping[str, Any], name: str) -> str:
    """A text or number as text; "" when it is missing."""
    value = body.get(name)
    return "" if value is None else str(value)


def money_of(details: Mapping[str, Any], name: str) -> Money | None:
    """An amount with its `currency` beside it; None when either is missing."""
    amount, currency = text_of(details, name), text_of(details, "currency")
    return Money.of(amount, currency) if amount and currency else None


def instant_of(body: Mapping[str, Any]) -> datetime:
    """When Cybersource took it: submitTimeUtc (details: submitTimeUTC).

    Raises:
        Rejected: it is missing or not an instant.
    """
    return instant(text_of(body, "submitTimeUtc") or text_of(body, "submitTimeUTC"))


def instant(value: str) -> datetime:
    """An instant as Cybersource writes it; UTC when it does not say. Raises Rejected."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise Rejected(
            f"{value!r} is not the time of a transaction.", reason="bad_instant"
        ) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _card(card: Mapping[str, Any]) -> Card:
    type_code = text_of(card, "type")
    month, year = text_of(card, "expirationMonth"), text_of(card, "expirationYear")
    return Card(
        brand=BRANDS.get(type_code, type_code),
        last4=text_of(card, "suffix"),
        expires_month=int(month) if month.isdigit() else None,
        expires_year=int(year) if year.isdigit() else None,
    )
