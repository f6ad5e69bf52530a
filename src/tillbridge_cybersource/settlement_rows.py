"""What a row of each report says of the money, as settlement lines.

Sources: Reporting User Guide, "CSV Reports": Payment Batch Detail and Payment Submission Detail
(what was sent to the processor), Transaction Request and Transaction Detail (every request, with
all its services in one row), Transaction Exception Detail (failures after a follow-on was
submitted), Payment Events (event types Payment, Failed, Refund in its sample). Services: Simple
Order and SCMP field names. Credits are negative in some reports and not in others, as a preference
says: the service decides the sign, and a capture below zero is an error.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any, Final

from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.canonical.settlements import SettlementKind, SettlementLine, Stage, signed
from tillbridge.connector.settlement_sources import Told
from tillbridge_cybersource.report_row import ReportRow

_K = SettlementKind
SERVICES: Final[Mapping[str, SettlementKind | None]] = {
    "ics_auth": _K.AUTHORIZATION,
    "ics_incremental_auth": _K.AUTHORIZATION,
    "ics_auth_reversal": _K.REVERSAL,
    "ics_auto_full_auth_reversal": _K.REVERSAL,
    "ics_bill": _K.CAPTURE,
    "ics_credit": _K.REFUND,
    "ics_void": _K.VOID,
    "ics_ecp_authenticate": None,
    "ics_ecp_debit": _K.CAPTURE,
    "ics_ecp_credit": _K.REFUND,
    "ics_direct_debit": _K.CAPTURE,
    "ics_direct_debit_refund": _K.REFUND,
    "ics_bank_transfer": _K.CAPTURE,
    "ics_bank_transfer_refund": _K.REFUND,
    "ics_pinless_debit": _K.CAPTURE,
    "ics_decision": None,
    "ics_decision_early": None,
    "ics_score": None,
    "ics_tax": None,
    "ics_dav": None,
    "ics_export": None,
    "ics_ifs_update": None,
    "ics_pa_enroll": None,
    "ics_pa_validate": None,
    "ics_pa_setup": None,
    "ics_pay_subscription_create": None,
    "ics_pay_subscription_update": None,
    "ics_pay_subscription_retrieve": None,
    "ics_pay_subscription_delete": None,
    "ics_create_payment_token": None,
}
"""None: it moves no money."""
_FAILING: Final = {
    _K.CAPTURE: Operation.CAPTURE,
    _K.REFUND: Operation.REFUND,
}
_EVENTS: Final[Mapping[str, SettlementKind | None]] = {
    "payment": _K.CAPTURE,
    "refund": _K.REFUND,
    "chargeback": _K.CHARGEBACK,
    "chargeback reversal": _K.CHARGEBACK_REVERSAL,
    "failed": _K.FAILURE,
    "declined": _K.FAILURE,
    "error": _K.FAILURE,
    "batch error": _K.FAILURE,
    "nsf": _K.FAILURE,
    "final nsf": _K.FAILURE,
    "stop payment": _K.FAILURE,
    "first nsf": None,
    "second nsf": None,
    "correction": None,
    "batched": None,
    "batch reset": None,
    "completed": None,
    "pending": None,
    "void": None,
    "other": None,
}
"""Payment, Refund and Failed stand in the guide's sample, Declined in its field list; the others
are those of electronic checks (unverified). None: nothing is owed for it."""
_PAID, _FAILED = "S", "F"
"""Funding and deposit fields, Status: success, failed; P is pending."""


def batch_lines(report: str, row: ReportRow) -> Iterator[Told]:
    """Payment Batch Detail: what was sent to the processor."""
    service, kind = _settling(row)
    if kind is None:
        return
    money = _stated(row, kind)
    yield _line(report, row, kind, Stage.BATCH, money, service=service, settled_on="batch_date")


def request_lines(report: str, row: ReportRow) -> Iterator[Told]:
    """Transaction Request: one line for each service of a request that was done."""
    services = _services(row)
    codes = _each(row, "codes", len(services))
    flags = _each(row, "flags", len(services))
    if codes is None and flags is None:
        raise row.wrong("codes", "the report says of no service whether it was done")
    for at, service in enumerate(services):
        done = codes[at] == "1" if codes else flags is not None and flags[at].upper() == "SOK"
        kind = _kind(row, service)
        if kind is not None and done:
            suffix = f":{service}" if len(services) > 1 else ""
            yield _line(
                report,
                row,
                kind,
                Stage.GATEWAY,
                _stated(row, kind),
                service=service,
                suffix=suffix,
            )


def exception_lines(report: str, row: ReportRow) -> Iterator[Told]:
    """Transaction Exception Detail: what failed after it was taken, and that it did.

    The standard report names no service and no amount; a capture is then what is looked for.
    """
    services = row.list("services")
    kinds = {_kind(row, service) for service in services} - {None}
    failing = [_FAILING[kind] for kind in kinds if kind in _FAILING] or (
        [] if services else [Operation.CAPTURE]
    )
    money = row.money() if row.text("amount") and row.text("currency") else None
    for operation in failing:
        yield Observation(
            operation=operation,
            verdict=Verdict.FAILED,
            source=Source.REPORT,
            order_number=row.text("order_number"),
            request_id=row.required("request_id"),
            occurred_at=_moment(row),
            amount=_size(money) if money else None,
            reason=(row.text("reason") or row.text("action")).upper(),
        )
    if money is not None:
        service = ",".join(services)
        yield _line(report, row, _K.FAILURE, Stage.GATEWAY, _size(money), service=service)


def event_lines(report: str, row: ReportRow) -> Iterator[Told]:
    """Processor Events: what the processor told of payments, electronic checks above all."""
    event = row.required("event").lower()
    if event not in _EVENTS:
        raise row.wrong("event", f"{event!r} is not known; there are {', '.join(_EVENTS)}")
    kind = _EVENTS[event]
    if kind is None:
        return
    stated = row.money()
    if kind is _K.FAILURE:
        yield Observation(
            operation=Operation.REFUND if stated.amount < 0 else Operation.CAPTURE,
            verdict=Verdict.FAILED,
            source=Source.REPORT,
            order_number=row.text("order_number"),
            request_id=row.required("request_id"),
            occurred_at=_moment(row, "event_date"),
            amount=_size(stated),
            reason=(row.text("message") or event).upper(),
        )
    money = _size(stated) if kind is _K.FAILURE else _stated(row, kind)
    yield _line(report, row, kind, Stage.PROCESSOR, money, service=event, settled_on="event_date")
    yield from _fee(report, row, "event_date")


def funding_lines(report: str, row: ReportRow) -> Iterator[Told]:
    """Funding Detail: the payments of a payout, each with its fee."""
    if row.text("status") not in ("", _PAID):
        return
    service, kind = _settling(row)
    if kind is None:
        return
    money = _stated(row, kind)
    yield _line(
        report, row, kind, Stage.PROCESSOR, money, service=service, funded_on="funding_date"
    )
    yield from _fee(report, row, "", funded_on="funding_date")


def payout_lines(report: str, row: ReportRow) -> Iterator[Told]:
    """Deposit Detail: what reached the bank; one that failed did not."""
    status = row.text("status")
    if status in ("", _PAID):
        yield _line(report, row, _K.PAYOUT, Stage.PROCESSOR, row.money(), funded_on="deposit_date")
    elif status == _FAILED:
        yield _line(report, row, _K.FAILURE, Stage.PROCESSOR, _size(row.money()), reason=status)


def _fee(
    report: str, row: ReportRow, settled_on: str, *, funded_on: str = ""
) -> Iterator[SettlementLine]:
    """The fee a row states beside its amount; none where it is zero."""
    if not row.text("fee_amount"):
        return
    size = row.money("fee_amount", "fee_currency")
    if size:
        days = {"settled_on": settled_on, "funded_on": funded_on}
        fee = signed(_K.FEE, size)
        yield _line(
            report, row, _K.FEE, Stage.PROCESSOR, fee, suffix=":fee", fee_type="other", **days
        )


def _services(row: ReportRow) -> tuple[str, ...]:
    services = row.list("services")
    if not services:
        row.required("services")
    return services


def _settling(row: ReportRow) -> tuple[str, SettlementKind | None]:
    """The service of a row that moves money to or from the merchant; None where none does."""
    kinds = {service: _kind(row, service) for service in _services(row)}
    moving = [(service, kind) for service, kind in kinds.items() if kind in _FAILING]
    if len(moving) > 1:
        raise row.wrong("services", f"{len(moving)} services move one amount")
    return moving[0] if moving else ("", None)


def _kind(row: ReportRow, service: str) -> SettlementKind | None:
    name = service.lower()
    if name not in SERVICES:
        raise row.wrong("services", f"the service {service!r} is not known")
    return SERVICES[name]


def _each(row: ReportRow, word: str, count: int) -> tuple[str, ...] | None:
    """One for each service; one for all of them counts for each. None where there is none."""
    found = row.list(word)
    if not found:
        return None
    if len(found) not in (1, count):
        raise row.wrong(word, f"{len(found)} values for {count} services")
    return found if len(found) == count else found * count


def _stated(row: ReportRow, kind: SettlementKind) -> Money:
    """The amount with the sign of its kind; only what costs may be stated below zero."""
    stated = row.money()
    if stated.amount < 0 and signed(kind, _size(stated)).amount > 0:
        raise row.wrong("amount", f"{stated} is below zero, and that no {kind.value} is")
    return signed(kind, _size(stated))


def _size(money: Money) -> Money:
    return -money if money.amount < 0 else money


def _moment(row: ReportRow, word: str = "occurred_at") -> datetime:
    """When it was, to the day where no time is told."""
    found = row.instant(word) or row.instant("occurred_at")
    if found is None:
        day = row.day(word)
        if day is None:
            raise row.wrong(word, "it is empty")
        found = datetime.combine(day, time(), UTC)
    return found


def _line(
    report: str,
    row: ReportRow,
    kind: SettlementKind,
    stage: Stage,
    money: Money,
    *,
    suffix: str = "",
    settled_on: str = "",
    funded_on: str = "",
    **more: Any,
) -> SettlementLine:
    text = row.text
    reason = more.pop("reason", "") or text("reason") or text("message")
    named = "services" in row.values or "event" in row.values
    return SettlementLine(
        report=report,
        line=f"{row.line}{suffix}",
        stage=stage,
        kind=kind,
        amount=money,
        request_id=row.required("request_id") if named else text("request_id"),
        order_number=text("order_number"),
        reference=text("reference"),
        batch_id=text("batch_id"),
        funding_id=text("funding_id"),
        merchant_id=text("merchant_id"),
        occurred_at=row.instant("occurred_at"),
        settled_on=row.day(settled_on) if settled_on else None,
        funded_on=row.day(funded_on) if funded_on else None,
        method=text("method"),
        last4=text("last4"),
        reason=reason,
        other=row.other,
        **more,
    )
