"""Chargebacks and retrievals: recorded when somebody disputes, listed by their time.

Source: REST API reference, Chargeback Details and Summaries, Retrieval Details and Summaries (JSON
answers; 404 where there is none), and the official client's models for their fields. Nature,
action and reason codes are the card schemes' (unverified as to Cybersource's wording).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.state import Dispute, DisputeKind
from tillbridge_simulators.cybersource.windows import (
    LONG_WINDOW_MAX_S,
    organization_of,
    window_of,
)

_DAY_S = 86_400
_ANSWER_WITHIN_S = 20 * _DAY_S


def dispute(
    account: Account,
    payment_id: str,
    kind: DisputeKind = "chargeback",
    amount: Decimal | None = None,
) -> Dispute:
    """Somebody disputes a payment. Raises KeyError, ValueError for one that took no money."""
    authorization = account.state.authorizations[payment_id]
    captures = [
        one
        for one in account.state.movements.values()
        if one.kind == "capture" and one.parent_id == payment_id and not one.undone
    ]
    taken = sum((one.amount for one in captures), Decimal(0))
    wanted = taken if amount is None else amount
    if not 0 < wanted <= taken:
        raise ValueError(f"{wanted} of {taken} {authorization.currency} cannot be disputed")
    made = Dispute(
        kind=kind,
        request_id=captures[-1].id,
        code=authorization.code,
        amount=wanted,
        currency=authorization.currency,
        brand=authorization.brand,
        sign="-" if kind == "chargeback" else "+",
        reason_code="10.4",
        at_s=account.now(),
        captured_s=captures[-1].at_s,
    )
    account.state.disputes.append(made)
    account.log.add(kind, order=made.code, request_id=made.request_id, amount=str(made.amount))
    return made


def details(ask: Ask, kind: DisputeKind) -> Answer:
    """GET of the details of a window. Raises Refusal for a window that is none."""
    found = _within(ask, kind)
    if not found:
        return not_found(ask.account.now())
    return Answer(200, _head(ask) | {f"{kind}Details": [_row(ask.account, one) for one in found]})


def summaries(ask: Ask, kind: DisputeKind) -> Answer:
    """GET of how many a day. Raises Refusal for a window that is none."""
    days: dict[int, int] = {}
    for one in _within(ask, kind):
        days[int(one.at_s // _DAY_S)] = days.get(int(one.at_s // _DAY_S), 0) + 1
    if not days:
        return not_found(ask.account.now())
    rows = [
        {"count": count, "time": utc_text(day * _DAY_S), "accountId": organization_of(ask)}
        for day, count in sorted(days.items())
    ]
    return Answer(200, _head(ask) | {f"{kind}Summaries": rows})


def _within(ask: Ask, kind: DisputeKind) -> list[Dispute]:
    start_s, end_s = window_of(ask, most_s=LONG_WINDOW_MAX_S)
    return [
        one
        for one in ask.account.state.disputes
        if one.kind == kind and start_s <= one.at_s < end_s
    ]


def _head(ask: Ask) -> dict[str, Any]:
    names = ("startTime", "endTime")
    return {"organizationId": organization_of(ask)} | {name: ask.query[name] for name in names}


def _row(account: Account, one: Dispute) -> Mapping[str, Any]:
    return {
        "processorMerchantId": account.options.merchant_id,
        "merchantName": account.options.merchant_id,
        "transactionReferenceNumber": one.request_id[-12:],
        "merchantReferenceNumber": one.code,
        "natureOfDispute": "Chargeback" if one.kind == "chargeback" else "Retrieval",
        "alertType": "Chargeback" if one.kind == "chargeback" else "RetrievalRequest",
        "amount": str(one.amount),
        "sign": one.sign,
        "action": "1",
        "cardType": one.brand,
        "originalSettlementTime": utc_text(one.captured_s),
        "currencyCode": one.currency,
        "requestId": one.request_id,
        "responseDueTime": utc_text(one.at_s + _ANSWER_WITHIN_S),
        "time": utc_text(one.at_s),
        "actionDescription": "First chargeback" if one.kind == "chargeback" else "Request for copy",
        "reasonCode": one.reason_code,
        "applications": "ics_bill",
        "eventRequestedTime": utc_text(one.at_s),
    }


OFFERS = (
    Offer(
        "chargeback_details.get_chargeback_details",
        "report",
        lambda ask: details(ask, "chargeback"),
    ),
    Offer(
        "chargeback_summaries.get_chargeback_summaries",
        "report",
        lambda ask: summaries(ask, "chargeback"),
    ),
    Offer(
        "retrieval_details.get_retrieval_details", "report", lambda ask: details(ask, "retrieval")
    ),
    Offer(
        "retrieval_summaries.get_retrieval_summary",
        "report",
        lambda ask: summaries(ask, "retrieval"),
    ),
)
