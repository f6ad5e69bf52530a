"""What stands in each report, made from the account's state: it adds up with the transactions.

Sources: Reporting User Guide, "CSV Reports": Payment Batch Detail (only what was sent to the
processor; credits are negative), Payment Events (notifications of the processor), Transaction
Exception Detail (failures after a follow-on was submitted).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from tillbridge_simulators.cybersource import report_columns as c
from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import utc_text
from tillbridge_simulators.cybersource.batches import batches
from tillbridge_simulators.cybersource.follow_on_names import CHECK_SERVICES, SERVICES
from tillbridge_simulators.cybersource.fundings import Funding, fees_of, fundings
from tillbridge_simulators.cybersource.state import Authorization, Movement

Row: TypeAlias = Mapping[c.Column, str]
_DAY = "%Y-%m-%d"


def batch_rows(account: Account, start_s: float, end_s: float) -> Iterator[Row]:
    """Payment Batch Detail: what left with the batches that closed in that time."""
    for batch in batches(account):
        if not start_s <= batch.closed_s < end_s:
            continue
        for one in batch.movements:
            yield _request(account, one) | {
                c.BATCH_ID: batch.id,
                c.BATCH_DATE: day_text(batch.closed_s),
                c.APPLICATION: service_of(account, one),
                c.PROCESSOR: "simulated",
            }


def request_rows(account: Account, start_s: float, end_s: float) -> Iterator[Row]:
    """Transaction Request: every request of that time; a sale is one with two services."""
    for one in account.state.visible(end_s):
        if not start_s <= one.at_s < end_s:
            continue
        services = _services(account, one)
        yield _request(account, one) | {
            c.APPLICATIONS: ",".join(name for name, _ in services),
            c.RCODES: ",".join("1" if flag == "SOK" else "0" for _, flag in services),
            c.RFLAGS: ",".join(flag for _, flag in services),
        }


def exception_rows(account: Account, start_s: float, end_s: float) -> Iterator[Row]:
    """Transaction Exception Detail: what was accepted, and failed in that time."""
    for one in account.state.movements.values():
        if one.failed_s and start_s <= one.failed_s < end_s:
            yield _request(account, one) | {
                c.TRANSACTION_DATE: utc_text(one.failed_s),
                c.APPLICATION: service_of(account, one),
                c.EXCEPTION_ACTION: "FAILED",
                c.EXCEPTION_CATEGORY: "PROCESSOR",
                c.EXCEPTION_TYPE: "ERROR",
                c.EXCEPTION_MESSAGE: one.failure,
                c.EXCEPTION_AMOUNT: str(one.amount),
                c.EXCEPTION_CURRENCY: one.currency,
                c.RESPONSE_CODE: "05",
                c.REASON_CODE: "233",
            }


def event_rows(account: Account, start_s: float, end_s: float) -> Iterator[Row]:
    """Payment Events: what the processor told of the batches' payments in that time."""
    for at_s, kind, one in _events(account):
        if start_s <= at_s < end_s:
            yield _request(account, one) | {
                c.EVENT: kind,
                c.EVENT_DATE: day_text(at_s),
                c.EVENT_CURRENCY: one.currency,
                c.EVENT_AMOUNT: str(_signed(one)),
                c.PROCESSOR_MESSAGE: one.failure,
            }


def funding_rows(account: Account, start_s: float, end_s: float) -> Iterator[Row]:
    """Funding Detail: the payments of each payout of that time, each with its fee."""
    for funding in _funded(account, start_s, end_s):
        for one in funding.movements:
            fee = fees_of(one).total
            yield _request(account, one) | {
                c.APPLICATION: service_of(account, one),
                c.BATCH_ID: funding.batch.id,
                c.FUNDING_ID: funding.id,
                c.FUNDING_DATE: day_text(funding.funded_s),
                c.FUNDING_AMOUNT: str(_signed(one) - fee),
                c.FUNDING_CURRENCY: one.currency,
                c.FUNDING_FEE: str(fee),
                c.FUNDING_FEE_CURRENCY: one.currency,
                c.FUNDING_STATUS: "S",
            }


def deposit_rows(account: Account, start_s: float, end_s: float) -> Iterator[Row]:
    """Deposit Detail: what reached the bank in that time."""
    for one in _funded(account, start_s, end_s):
        yield {
            c.MERCHANT_ID: account.options.merchant_id,
            c.DEPOSIT_ID: one.id,
            c.DEPOSIT_TIME: utc_text(one.funded_s),
            c.DEPOSIT_AMOUNT: str(one.net),
            c.DEPOSIT_CURRENCY: one.currency,
            c.DEPOSIT_STATUS: "S",
        }


def funding_totals(one: Funding) -> tuple[tuple[str, Decimal], ...]:
    """By type, as the model NetFundingSummaries names them."""
    return (
        ("PURCHASES", one.purchases),
        ("REFUNDS", -one.refunds),
        ("FEES", -one.fees),
        ("CHARGEBACKS", -one.chargebacks),
    )


def service_of(account: Account, one: Movement) -> str:
    """Which service it was: of an electronic check, a debit or a credit."""
    return CHECK_SERVICES.get(one.kind, "") if _by_check(account, one) else SERVICES[one.kind]


def reference_of(one: Authorization | Movement) -> str:
    """The reconciliation id, as the answer told it."""
    follows = isinstance(one, Movement) and one.kind not in ("refund", "credit")
    return (one.parent_id if follows and isinstance(one, Movement) else one.id)[-12:]


def method_of(account: Account, one: Authorization | Movement) -> str:
    """With what it was paid: the card's brand."""
    return paid_with(account, one)[0]


def paid_with(account: Account, one: Authorization | Movement) -> tuple[str, str]:
    """Brand and last four digits; of an electronic check "Check"."""
    if _by_check(account, one):
        return "Check", ""
    if isinstance(one, Movement) and not one.brand:
        authorization = account.state.authorizations.get(one.parent_id)
        return ("", "") if authorization is None else (authorization.brand, authorization.last4)
    return one.brand, one.last4


def day_text(seconds: float) -> str:
    """2003-05-01."""
    return datetime.fromtimestamp(seconds, UTC).strftime(_DAY)


def _request(account: Account, one: Authorization | Movement) -> dict[c.Column, str]:
    brand, last4 = paid_with(account, one)
    return {
        c.REQUEST_ID: one.id,
        c.TRANSACTION_DATE: utc_text(one.at_s),
        c.MERCHANT_ID: account.options.merchant_id,
        c.MERCHANT_REFERENCE: one.code,
        c.REFERENCE: reference_of(one),
        c.METHOD: brand,
        c.SUFFIX: last4,
        c.CURRENCY: one.currency,
        c.AMOUNT: str(_signed(one)),
    }


def _signed(one: Authorization | Movement) -> Decimal:
    is_credit = isinstance(one, Movement) and one.kind in ("refund", "credit")
    return -one.amount if is_credit else one.amount


def _by_check(account: Account, one: Authorization | Movement) -> bool:
    if isinstance(one, Movement) and one.kind != "credit":
        authorization = account.state.authorizations.get(one.parent_id)
        return authorization is not None and authorization.check
    return one.check


def _services(account: Account, one: Authorization | Movement) -> list[tuple[str, str]]:
    """The services of one request, each with how it ended."""
    if isinstance(one, Movement):
        refused = one.kind == "increment" and one.undone
        return [(service_of(account, one), "DCARDREFUSED" if refused else "SOK")]
    flag = "SOK" if one.outcome.holds else one.outcome.flag
    if one.check:
        return [("ics_ecp_debit", flag)]
    return [("ics_auth", flag), *([("ics_bill", "SOK")] if one.sale else [])]


def _events(account: Account) -> Iterator[tuple[float, str, Movement]]:
    for batch in batches(account):
        for one in batch.movements:
            if one.failed_s:
                yield one.failed_s, "Failed", one
            else:
                yield batch.closed_s, "Payment" if one.kind == "capture" else "Refund", one


def _funded(account: Account, start_s: float, end_s: float) -> list[Funding]:
    return [one for one in fundings(account) if start_s <= one.funded_s < end_s]
