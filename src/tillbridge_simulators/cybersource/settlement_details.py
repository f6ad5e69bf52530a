"""What was settled and paid out, asked for by time: purchases and refunds, net fundings, clearing.

Sources: Reporting Developer Guide, "Downloading On-Demand Purchase and Refund Detail Report" (by
request or submission date, offset, limit of at most 2,000) and "Net Funding"; the official client's
models for their fields. 404 where there is nothing.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.batches import Batch, batches
from tillbridge_simulators.cybersource.fundings import (
    DISCOUNT_PERCENT,
    INTERCHANGE_PERCENT,
    Funding,
    fees_of,
    fundings,
)
from tillbridge_simulators.cybersource.report_rows import paid_with, reference_of
from tillbridge_simulators.cybersource.state import Movement
from tillbridge_simulators.cybersource.windows import (
    LONG_WINDOW_MAX_S,
    organization_of,
    window_of,
)

LIMIT_MAX = 2_000
SUBTYPES = {"ALL": "", "VI": "visa", "MC": "mastercard", "AX": "amex", "DI": "discover", "DP": "dp"}
_TYPES = {"capture": "Purchase", "refund": "Refund", "credit": "Refund"}


def purchase_refund_details(ask: Ask) -> Answer:
    """GET /reporting/v3/purchase-refund-details. Raises Refusal."""
    start_s, end_s = window_of(ask, most_s=LONG_WINDOW_MAX_S)
    by = ask.query.get("viewBy", "requestDate")
    subtype = ask.query.get("paymentSubtype", "ALL")
    if by not in ("requestDate", "submissionDate") or subtype not in SUBTYPES:
        raise Refusal("INVALID_DATA", ["viewBy", "paymentSubtype"])
    offset, limit = _page(ask.query)
    found = [
        (batch, one)
        for batch in batches(ask.account)
        for one in batch.movements
        if start_s <= (one.at_s if by == "requestDate" else batch.closed_s) < end_s
        and paid_with(ask.account, one)[0].startswith(SUBTYPES[subtype])
    ]
    page = found[offset : offset + limit]
    if not page or organization_of(ask) != ask.account.options.merchant_id:
        return not_found(ask.account.now())
    funded = {one.batch.id for one in fundings(ask.account)}
    return Answer(
        200,
        {
            "offset": offset,
            "limit": limit,
            "pageResults": len(page),
            "requestDetails": [_request(ask.account, one) for _, one in page],
            "settlements": [_settlement(ask.account, batch, one) for batch, one in page],
            "feeAndFundingDetails": [
                _fees(one) for batch, one in page if batch.id in funded and not one.failed_s
            ],
            "settlementStatuses": [_status(batch, one) for batch, one in page],
        },
    )


def net_fundings(ask: Ask) -> Answer:
    """GET /reporting/v3/net-fundings: the four totals, by currency. Raises Refusal."""
    start_s, end_s = window_of(ask, most_s=LONG_WINDOW_MAX_S)
    found = [one for one in fundings(ask.account) if start_s <= one.funded_s < end_s]
    if not found or organization_of(ask) != ask.account.options.merchant_id:
        return not_found(ask.account.now())
    parts: Mapping[str, tuple[str, Callable[[Funding], Decimal], Callable[[Funding], int]]] = {
        "PURCHASES": ("totalPurchases", lambda one: one.purchases, _captures),
        "REFUNDS": ("totalRefunds", lambda one: -one.refunds, _credits),
        "FEES": ("totalFees", lambda one: -one.fees, _captures),
        "CHARGEBACKS": (
            "totalChargebacks",
            lambda one: -one.chargebacks,
            lambda one: len(one.disputes),
        ),
    }
    body: dict[str, Any] = {name: ask.query[name] for name in ("startTime", "endTime")}
    body["netFundingSummaries"] = [
        {
            "type": kind,
            "paymentSubType": "ALL",
            "conveyedCount": (count := sum(counted(one) for one in mine)),
            "conveyedAmount": str(sum(amount(one) for one in mine)),
            "settledCount": count,
            "fundedCount": count,
            "fundedAmount": str(sum(amount(one) for one in mine)),
            "currencyCode": currency,
        }
        for currency, mine in _by_currency(found).items()
        for kind, (_, amount, counted) in parts.items()
    ]
    totals = {name: amount for name, amount, _ in parts.values()} | {"netTotal": _net}
    for name, amount in totals.items():
        body[name] = [
            {"currency": currency, "value": str(sum(amount(one) for one in mine))}
            for currency, mine in _by_currency(found).items()
        ]
    return Answer(200, body)


def clearing_details(ask: Ask) -> Answer:
    """GET /reporting/v3/interchange-clearing-level-details. Raises Refusal."""
    start_s, end_s = window_of(ask, most_s=LONG_WINDOW_MAX_S)
    rows = [
        _clearing(ask, funding, one)
        for funding in fundings(ask.account)
        for one in funding.movements
        if start_s <= funding.funded_s < end_s
    ]
    if not rows or organization_of(ask) != ask.account.options.merchant_id:
        return not_found(ask.account.now())
    body = {"startDate": ask.query["startTime"], "endDate": ask.query["endTime"]}
    return Answer(200, body | {"interchangeClearingLevelDetails": rows})


def _page(query: Mapping[str, str]) -> tuple[int, int]:
    try:
        offset, limit = int(query.get("offset", "0")), int(query.get("limit", str(LIMIT_MAX)))
    except ValueError:
        offset, limit = -1, 0
    if offset < 0 or not 1 <= limit <= LIMIT_MAX:
        raise Refusal("INVALID_DATA", ["offset", "limit"])
    return offset, limit


def _request(account: Account, one: Movement) -> dict[str, str]:
    return {
        "requestId": one.id,
        "cybersourceMerchantId": account.options.merchant_id,
        "processorMerchantId": account.options.merchant_id,
        "transactionReferenceNumber": reference_of(one),
        "merchantReferenceNumber": one.code,
    }


def _settlement(account: Account, batch: Batch, one: Movement) -> dict[str, str]:
    brand, last4 = paid_with(account, one)
    return {
        "requestId": one.id,
        "transactionType": _TYPES[one.kind],
        "submissionTime": utc_text(one.at_s),
        "amount": str(one.amount),
        "currencyCode": one.currency,
        "paymentMethod": brand,
        "paymentType": "credit card",
        "accountSuffix": last4,
        "cybersourceBatchTime": utc_text(batch.closed_s),
        "cybersourceBatchId": batch.id,
        "cardType": brand,
    }


def _fees(one: Movement) -> dict[str, str]:
    fees = fees_of(one)
    net = one.amount - fees.total if one.kind == "capture" else -one.amount
    return {
        "requestId": one.id,
        "interchangePerItemFee": str(fees.interchange_per_item),
        "interchangeDescription": "Simulated rate",
        "interchangePercentage": str(INTERCHANGE_PERCENT),
        "interchangePercentageAmount": str(fees.interchange),
        "discountPercentage": str(DISCOUNT_PERCENT),
        "discountAmount": str(fees.discount),
        "discountPerItemFee": str(fees.discount_per_item),
        "totalFee": str(fees.total),
        "feeCurrency": one.currency,
        "duesAssessments": str(fees.dues),
        "fundingAmount": str(net),
        "fundingCurrency": one.currency,
    }


def _status(batch: Batch, one: Movement) -> dict[str, str]:
    failed = {"status": "FAILED", "reasonCode": "233", "errorText": one.failure}
    return {"requestId": one.id, "settlementTime": utc_text(batch.closed_s)} | (
        failed if one.failed_s else {"status": "SETTLED"}
    )


def _clearing(ask: Ask, funding: Funding, one: Movement) -> dict[str, Any]:
    brand, last4 = paid_with(ask.account, one)
    fees = fees_of(one)
    return {
        "requestId": one.id,
        "organizationId": ask.account.options.merchant_id,
        "accountId": ask.account.options.merchant_id,
        "processorMerchantId": ask.account.options.merchant_id,
        "transactionReferenceNumber": reference_of(one),
        "merchantReferenceNumber": one.code,
        "accountSuffix": last4,
        "paymentSubType": brand,
        "transactionTime": utc_text(one.at_s),
        "processedTime": utc_text(funding.batch.closed_s),
        "transactionType": _TYPES[one.kind],
        "amount": str(one.amount),
        "currencyCode": one.currency,
        "settlementTime": utc_text(funding.funded_s),
        "settlementProcessor": "simulated",
        "merchantBatchNumber": funding.batch.id,
        "interchangeAmount": str(fees.interchange + fees.interchange_per_item),
        "clearingRateCurrencyCode": one.currency,
        "settlementAmount": str(one.amount),
        "settlementCurrencyCode": one.currency,
        "discountAmount": str(fees.discount),
        "discountRate": str(DISCOUNT_PERCENT),
        "batchTime": utc_text(funding.batch.closed_s),
        "applicationName": "ics_bill" if one.kind == "capture" else "ics_credit",
    }


def _captures(one: Funding) -> int:
    return sum(1 for moved in one.movements if moved.kind == "capture")


def _credits(one: Funding) -> int:
    return len(one.movements) - _captures(one)


def _net(one: Funding) -> Decimal:
    return one.net


def _by_currency(found: list[Funding]) -> dict[str, list[Funding]]:
    mine: dict[str, list[Funding]] = {}
    for one in found:
        mine.setdefault(one.currency, []).append(one)
    return mine


OFFERS = (
    Offer(
        "purchase_and_refund_details.get_purchase_and_refund_details",
        "purchase_refund_details",
        purchase_refund_details,
    ),
    Offer("net_fundings.get_net_funding_details", "net_fundings", net_fundings),
    Offer(
        "interchange_clearing_level_details.get_interchange_clearing_level_details",
        "clearing_details",
        clearing_details,
    ),
)
