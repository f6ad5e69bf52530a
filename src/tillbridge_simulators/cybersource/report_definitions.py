"""Which reports there are: their class, number, name, columns and rows.

Source: the official client, model ReportingV3ReportDefinitionsGet200ResponseReportDefinitions
(numbers and classes), which spells `reportDefintionName` as it is spelled here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tillbridge_simulators.cybersource import report_columns as c
from tillbridge_simulators.cybersource import report_rows as rows
from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found
from tillbridge_simulators.cybersource.ask import Ask, Offer

Rows: TypeAlias = Callable[[Account, float, float], Iterator[rows.Row]]
FORMATS = ("application/xml", "text/csv")
KINDS = ("CUSTOM", "STANDARD", "CLASSIC")


@dataclass(frozen=True, slots=True)
class Definition:
    """One report there is; `title` stands in its first line."""

    number: int
    name: str
    title: str
    columns: tuple[c.Column, ...]
    rows: Rows


_WHO = (c.REQUEST_ID, c.TRANSACTION_DATE, c.MERCHANT_ID, c.MERCHANT_REFERENCE, c.REFERENCE)
_WITH = (c.METHOD, c.SUFFIX, c.CURRENCY, c.AMOUNT)
DEFINITIONS: Mapping[str, Definition] = {
    one.name: one
    for one in (
        Definition(
            210,
            "TransactionRequestClass",
            "Transaction Request Report",
            (*_WHO, *_WITH, c.APPLICATIONS, c.RCODES, c.RFLAGS),
            rows.request_rows,
        ),
        Definition(
            211,
            "PaymentBatchDetailClass",
            "Payment Batch Detail Report",
            (
                *(c.BATCH_ID, c.MERCHANT_ID, c.BATCH_DATE, c.REQUEST_ID, c.MERCHANT_REFERENCE),
                *(c.REFERENCE, c.METHOD, c.CURRENCY, c.AMOUNT, c.APPLICATION, c.PROCESSOR),
            ),
            rows.batch_rows,
        ),
        Definition(
            212,
            "ExceptionDetailClass",
            "Transaction Exception Detail Report",
            (
                *(*_WHO, *_WITH, c.APPLICATION, c.EXCEPTION_ACTION, c.EXCEPTION_CATEGORY),
                *(c.EXCEPTION_TYPE, c.EXCEPTION_MESSAGE, c.EXCEPTION_AMOUNT),
                *(c.EXCEPTION_CURRENCY, c.RESPONSE_CODE, c.REASON_CODE),
            ),
            rows.exception_rows,
        ),
        Definition(
            214,
            "ProcessorEventsDetailClass",
            "Processor Events Detail Report",
            (
                *(*_WHO, c.METHOD, c.EVENT, c.EVENT_DATE, c.EVENT_CURRENCY, c.EVENT_AMOUNT),
                c.PROCESSOR_MESSAGE,
            ),
            rows.event_rows,
        ),
        Definition(
            215,
            "FundingDetailClass",
            "Funding Detail Report",
            (
                *(*_WHO, *_WITH, c.APPLICATION, c.BATCH_ID, c.FUNDING_ID, c.FUNDING_DATE),
                *(c.FUNDING_AMOUNT, c.FUNDING_CURRENCY, c.FUNDING_FEE),
                *(c.FUNDING_FEE_CURRENCY, c.FUNDING_STATUS),
            ),
            rows.funding_rows,
        ),
        Definition(
            218,
            "DepositDetailClass",
            "Deposit Detail Report",
            (
                *(c.MERCHANT_ID, c.DEPOSIT_ID, c.DEPOSIT_TIME, c.DEPOSIT_AMOUNT),
                *(c.DEPOSIT_CURRENCY, c.DEPOSIT_STATUS),
            ),
            rows.deposit_rows,
        ),
    )
}


def list_definitions(ask: Ask) -> Answer:
    """GET /reporting/v3/report-definitions."""
    kind = _kind(ask)
    return Answer(200, {"reportDefinitions": [_shown(one, kind) for one in DEFINITIONS.values()]})


def get_definition(ask: Ask) -> Answer:
    """GET /reporting/v3/report-definitions/{reportDefinitionName}, with its columns."""
    found = DEFINITIONS.get(ask.id)
    if found is None:
        return not_found(ask.account.now())
    attributes = [
        {
            "id": column.id,
            "name": column.id,
            "description": column.name,
            "filterType": "NONE",
            "default": True,
            "required": column is c.REQUEST_ID,
            "supportedType": "ALL",
        }
        for column in found.columns
    ]
    return Answer(200, _shown(found, _kind(ask)) | {"attributes": attributes})


def _kind(ask: Ask) -> str:
    kind = ask.query.get("subscriptionType", "CUSTOM")
    if kind not in KINDS:
        raise Refusal("INVALID_DATA", ["subscriptionType"])
    return kind


def _shown(one: Definition, kind: str) -> dict[str, Any]:
    return {
        "type": "reportDefinition",
        "reportDefinitionId": one.number,
        "reportDefintionName": one.name,
        "supportedFormats": list(FORMATS),
        "description": one.title,
        "subscriptionType": kind,
        "defaultSettings": {
            "reportMimeType": "text/csv",
            "reportFrequency": "DAILY",
            "reportName": one.name,
            "timezone": "GMT" if kind == "CLASSIC" else "PST",
            "startTime": "0000",
        },
    }


OFFERS = (
    Offer("report_definitions.get_resource_v2_info", "report", list_definitions),
    Offer("report_definitions.get_resource_info_by_report_definition", "report", get_definition),
)
