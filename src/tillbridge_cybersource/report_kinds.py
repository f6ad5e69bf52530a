"""Which reports say what became of the money, and how each is read.

Source: the official client, model ReportingV3ReportDefinitionsGet200ResponseReportDefinitions
(numbers and classes of reports); Reporting Developer Guide, "Report Fields" (their columns).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tillbridge.connector.settlement_sources import Told
from tillbridge_cybersource import settlement_rows as rows
from tillbridge_cybersource.report_row import ReportRow
from tillbridge_cybersource.report_windows import chosen
from tillbridge_cybersource.settings import CybersourceSettings

Read: TypeAlias = Callable[[str, ReportRow], Iterator[Told]]
_WHO: Final = ("Request.RequestID", "Request.TransactionDate", "Request.MerchantReferenceNumber")
_WHAT: Final = ("PaymentData.Amount", "PaymentData.CurrencyCode", "Application.Name")
_WITH: Final = ("PaymentMethod.CardType", "PaymentMethod.AccountSuffix")
_CASE: Final = (
    *("Exception.Action", "Exception.ExceptionMessage", "Exception.ExceptionAmount"),
    *("Exception.ExceptionAmountCurrency", "Exception.ReasonCode"),
)
_FUNDING: Final = (
    *("Funding.FundingIdentificationNumber", "Funding.FundingDate", "Funding.FeeAmount"),
    *("Funding.FeeCurrency", "Funding.Status"),
)
_EVENT: Final = (
    *("Event.Event", "Event.EventDate", "Event.Amount", "Event.CurrencyCode"),
    "Event.ProcessorMessage",
)
_DEPOSIT: Final = (
    *("Deposit.Identifier", "Deposit.Time", "Deposit.Amount", "Deposit.Currency"),
    "Deposit.Status",
)


@dataclass(frozen=True, slots=True)
class ReportKind:
    """One kind of report.

    Attributes:
        name: as a setting names it; title: as people call it.
        definition: its class.
        fields: the columns that we ask for.
        read: what a row of it says.
    """

    name: str
    title: str
    definition: str
    fields: tuple[str, ...]
    read: Read


REPORT_KINDS: Final[Mapping[str, ReportKind]] = {
    "210": ReportKind(
        "requests",
        "Transaction Request",
        "TransactionRequestClass",
        (*_WHO, *_WHAT, "Application.Rcode", *_WITH),
        rows.request_lines,
    ),
    "211": ReportKind(
        "batches",
        "Payment Batch Detail",
        "PaymentBatchDetailClass",
        ("Batch.BatchID", "Batch.BatchDate", _WHO[0], _WHO[2], *_WHAT, _WITH[0]),
        rows.batch_lines,
    ),
    "212": ReportKind(
        "exceptions",
        "Transaction Exception Detail",
        "ExceptionDetailClass",
        (*_WHO, "Application.Name", *_CASE),
        rows.exception_lines,
    ),
    "214": ReportKind(
        "events",
        "Processor Events Detail",
        "ProcessorEventsDetailClass",
        (*_WHO, *_EVENT),
        rows.event_lines,
    ),
    "215": ReportKind(
        "fundings",
        "Funding Detail",
        "FundingDetailClass",
        (*_WHO, *_WHAT, *_WITH, *_FUNDING),
        rows.funding_lines,
    ),
    "218": ReportKind(
        "deposits", "Deposit Detail", "DepositDetailClass", _DEPOSIT, rows.payout_lines
    ),
}
"""By the number of the report's definition."""


def report_kinds(settings: CybersourceSettings) -> list[ReportKind]:
    """Those that the connection wants made every day. Raises Misconfigured for one that is none."""
    known = {kind.name: kind for kind in REPORT_KINDS.values()}
    return chosen(settings.reports, known, "report")


def kind_named(definition: str) -> ReportKind | None:
    """How a definition's rows are read; None for one that says nothing of money we know."""
    return next((one for one in REPORT_KINDS.values() if one.definition == definition), None)
