"""What a row of each question for details says of the money, as settlement lines.

Sources: the official client's models ReportingV3PurchaseRefundDetailsGet200Response,
...NetFundings..., ...ChargebackDetails..., ...RetrievalDetails..., ...PaymentBatchSummaries... and
...InterchangeClearingLevelDetails...; net fundings come in the types PURCHASES, REFUNDS, FEES,
CHARGEBACKS. Which words a transaction type has is not documented: those of the services are taken.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, total_of
from tillbridge.canonical.settlements import SettlementKind, SettlementLine, Stage, signed
from tillbridge_cybersource.observations import text_of

Row = Mapping[str, Any]
_K = SettlementKind
_TYPES: Final = {
    **dict.fromkeys(("purchase", "sale", "capture", "debit", "ics_bill"), _K.CAPTURE),
    **dict.fromkeys(("refund", "credit", "ics_credit"), _K.REFUND),
}
_FEES: Final = {
    "interchange": ("interchangePercentageAmount", "interchangePerItemFee"),
    "assessment": ("duesAssessments",),
    "markup": ("discountAmount", "discountPerItemFee"),
}
_FAILED: Final = frozenset({"FAILED", "REJECTED", "DECLINED"})
_FUNDED: Final = {"PURCHASES": 1, "REFUNDS": -1, "FEES": -1, "CHARGEBACKS": -1}


def settlement_lines(report: str, day: date, body: Row) -> Iterator[SettlementLine]:
    """Purchase and refund details: what was settled, what it cost, and what was not."""
    orders = {text_of(one, "requestId"): one for one in _rows(body, "requestDetails")}
    failed = {
        text_of(one, "requestId"): one
        for one in _rows(body, "settlementStatuses")
        if text_of(one, "status").upper() in _FAILED
    }
    for row in _rows(body, "settlements"):
        id_ = text_of(row, "requestId")
        order = orders.get(id_, {})
        more: dict[str, Any] = {
            "request_id": id_,
            "order_number": text_of(order, "merchantReferenceNumber"),
            "reference": text_of(order, "transactionReferenceNumber"),
            "merchant_id": text_of(order, "cybersourceMerchantId"),
            "batch_id": text_of(row, "cybersourceBatchId"),
            "occurred_at": moment(row, "submissionTime"),
            "settled_on": day_of(row, "cybersourceBatchTime") or day,
            "method": text_of(row, "cardType") or text_of(row, "paymentMethod"),
            "last4": text_of(row, "accountSuffix"),
            "service": text_of(row, "transactionType"),
        }
        kind, status = _kind(report, row), failed.get(id_)
        if status is not None:
            kind, more["reason"] = _K.FAILURE, text_of(status, "errorText")
        money = signed(kind, _size(_money(report, row, "amount", "currencyCode")))
        yield SettlementLine(report, f"{id_} {kind}", Stage.PROCESSOR, kind, money, **more)
    for row in _rows(body, "feeAndFundingDetails"):
        order = orders.get(text_of(row, "requestId"), {})
        yield from _fee_lines(report, row, text_of(order, "merchantReferenceNumber"), day)


def funding_lines(report: str, day: date, body: Row) -> Iterator[SettlementLine]:
    """Net fundings: the four totals of a day, by currency and what was paid with."""
    for row in _rows(body, "netFundingSummaries"):
        kind = text_of(row, "type").upper()
        if kind not in _FUNDED:
            raise wrong(report, "type", f"{kind!r} is not one of {', '.join(_FUNDED)}")
        money = _size(_money(report, row, "fundedAmount", "currencyCode"))
        subtype = text_of(row, "paymentSubType")
        yield SettlementLine(
            report,
            f"{kind} {subtype} {money.currency}",
            Stage.PROCESSOR,
            _K.FUNDING,
            money if _FUNDED[kind] > 0 else -money,
            funded_on=day,
            service=kind,
            method=subtype,
            other=_other(row, {"type", "paymentSubType", "fundedAmount", "currencyCode"}),
        )


def chargeback_lines(report: str, _: date, body: Row) -> Iterator[SettlementLine]:
    """Chargeback details: money that a cardholder's bank took, or gave back."""
    for row in _rows(body, "chargebackDetails"):
        sign = text_of(row, "sign")
        if sign not in ("+", "-"):
            raise wrong(report, "sign", f"{sign!r} is neither + nor -")
        yield _dispute(report, row, _K.CHARGEBACK if sign == "-" else _K.CHARGEBACK_REVERSAL)


def retrieval_lines(report: str, _: date, body: Row) -> Iterator[SettlementLine]:
    """Retrieval details: copies that a cardholder's bank asks for. No money moves."""
    for row in _rows(body, "retrievalDetails"):
        yield _dispute(report, row, _K.RETRIEVAL)


def clearing_lines(report: str, day: date, body: Row) -> Iterator[SettlementLine]:
    """Interchange clearing details: how each payment was priced, for those who check fees."""
    for row in _rows(body, "interchangeClearingLevelDetails"):
        id_ = text_of(row, "requestId")
        yield SettlementLine(
            report,
            f"{id_} clearing",
            Stage.PROCESSOR,
            _K.CLEARING,
            _size(_money(report, row, "amount", "currencyCode")),
            request_id=id_,
            order_number=text_of(row, "merchantReferenceNumber"),
            reference=text_of(row, "transactionReferenceNumber"),
            batch_id=text_of(row, "merchantBatchNumber"),
            occurred_at=moment(row, "transactionTime"),
            settled_on=day_of(row, "settlementTime") or day,
            method=text_of(row, "paymentSubType"),
            last4=text_of(row, "accountSuffix"),
            service=text_of(row, "applicationName"),
            reason=text_of(row, "downgradeReasonCode"),
            other=_other(row, {"requestId", "amount", "currencyCode", "merchantReferenceNumber"}),
        )


def batch_sums(report: str, day: date, body: Row) -> Iterator[SettlementLine]:
    """Payment batch summaries: what the batches of a day come to, sales and credits apart."""
    for row in _rows(body, "paymentBatchSummaries"):
        method = text_of(row, "paymentSubTypeDescription")
        for side, sign in (("sales", 1), ("credit", -1)):
            money = _size(_money(report, row, f"{side}Amount", "currencyCode"))
            yield SettlementLine(
                report,
                f"{side} {method} {money.currency}",
                Stage.BATCH,
                _K.TOTAL,
                money if sign > 0 else -money,
                settled_on=day,
                merchant_id=text_of(row, "merchantId"),
                method=method,
                service=side,
                other={"count": text_of(row, f"{side}Count")},
            )


def wrong(report: str, column: str, message: str) -> Rejected:
    """The error for a row that cannot be used."""
    return Rejected(
        f"{message}.",
        reason="bad_report",
        place=Place(report, None, column),
        next_step="Look the row up in the Business Center.",
    )


def moment(row: Row, name: str) -> datetime | None:
    """An instant in UTC; None where there is none."""
    stated = text_of(row, name)
    if not stated:
        return None
    try:
        found = datetime.fromisoformat(stated)
    except ValueError:
        raise wrong("a row", name, f"{stated!r} is no instant") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def day_of(row: Row, name: str) -> date | None:
    """The day of an instant; None where there is none."""
    found = moment(row, name)
    return found.date() if found else None


def _dispute(report: str, row: Row, kind: SettlementKind) -> SettlementLine:
    id_, at = text_of(row, "requestId"), text_of(row, "time")
    return SettlementLine(
        report,
        f"{id_} {kind} {at} {text_of(row, 'action')}",
        Stage.PROCESSOR,
        kind,
        signed(kind, _size(_money(report, row, "amount", "currencyCode"))),
        request_id=id_,
        order_number=text_of(row, "merchantReferenceNumber"),
        reference=text_of(row, "transactionReferenceNumber"),
        merchant_id=text_of(row, "processorMerchantId"),
        occurred_at=moment(row, "time"),
        settled_on=day_of(row, "originalSettlementTime"),
        due_on=day_of(row, "responseDueTime"),
        method=text_of(row, "cardType"),
        service=text_of(row, "actionDescription"),
        reason=text_of(row, "reasonCode"),
        other=_other(row, {"requestId", "amount", "sign", "currencyCode", "time"}),
    )


def _fee_lines(report: str, row: Row, order_number: str, day: date) -> Iterator[SettlementLine]:
    """A payment's fee by its parts; what the parts do not explain is a part of its own."""
    if not text_of(row, "totalFee"):
        return
    total = _size(_money(report, row, "totalFee", "feeCurrency"))
    parts = {name: _part(row, fields, total.currency) for name, fields in _FEES.items()}
    known = {name: part for name, part in parts.items() if part}
    left = total - total_of(known.values(), total.currency)
    if left.amount < 0:
        known, left = {}, total
    id_ = text_of(row, "requestId")
    for name, part in (known | ({"other": left} if left else {})).items():
        yield SettlementLine(
            report,
            f"{id_} fee {name}",
            Stage.PROCESSOR,
            _K.FEE,
            -part,
            request_id=id_,
            order_number=order_number,
            settled_on=day,
            fee_type=name,
            service=text_of(row, "interchangeDescription"),
            other=_other(row, {"requestId", "interchangeDescription", "feeCurrency"}),
        )


def _part(row: Row, fields: tuple[str, ...], currency: str) -> Money:
    """The sum of some fees; zero where one is finer than the currency: the total tells it then."""
    try:
        stated = (text_of(row, name) for name in fields)
        return total_of((_size(Money.of(one, currency)) for one in stated if one), currency)
    except Rejected:
        return Money.zero(currency)


def _kind(report: str, row: Row) -> SettlementKind:
    word = text_of(row, "transactionType")
    if word.lower() not in _TYPES:
        raise wrong(report, "transactionType", f"{word!r} is not known")
    return _TYPES[word.lower()]


def _money(report: str, row: Row, name: str, currency: str) -> Money:
    try:
        return Money.of(text_of(row, name).removeprefix("+"), text_of(row, currency).upper())
    except Rejected as error:
        raise wrong(report, name, error.message.rstrip(".")) from error


def _size(money: Money) -> Money:
    return -money if money.amount < 0 else money


def _rows(body: Row, name: str) -> list[Row]:
    return [one for one in body.get(name) or () if isinstance(one, Mapping)]


def _other(row: Row, known: set[str]) -> dict[str, str]:
    """What else a row says, as text."""
    return {name: text_of(row, name) for name in row if name not in known and text_of(row, name)}
