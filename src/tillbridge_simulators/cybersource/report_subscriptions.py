"""Subscriptions that make reports by themselves, each day, week or month.

Source: REST API reference, Reporting: "Create Report Subscription for a Report Name by
Organization" (PUT; also changes one), "Create a Standard or Classic Report Subscription" (classic:
daily, GMT; standard: PST and no other), get, list, delete. A day is divided by the factor, so that
days can pass fast; a month has 30 of them.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import text_at
from tillbridge_simulators.cybersource.report_definitions import DEFINITIONS, FORMATS, KINDS
from tillbridge_simulators.cybersource.report_fields import definition_at, fields_at, zone_at
from tillbridge_simulators.cybersource.reporting import Report
from tillbridge_simulators.cybersource.windows import organization_of

_DAY_S = 86_400
_DAYS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 30}
_NAME_LENGTH_MAX = 128


def put(ask: Ask) -> Answer:
    """PUT of a custom one: 201 when it is new, 200 when it was changed. Raises Refusal."""
    document = ask.document
    definition = definition_at(document)
    frequency = text_at(document, "reportFrequency", length_max=20, required=True)
    row = {
        "reportDefinitionName": definition.name,
        "reportDefinitionId": str(definition.number),
        "reportName": text_at(document, "reportName", length_max=_NAME_LENGTH_MAX, required=True),
        "reportMimeType": text_at(document, "reportMimeType", length_max=20, required=True),
        "reportFrequency": frequency,
        "reportFields": list(fields_at(document, definition)),
        "timezone": zone_at(document),
        "startTime": text_at(document, "startTime", length_max=4, required=True),
        "startDay": document.get("startDay", 1),
        "reportPreferences": document.get("reportPreferences") or {},
        "subscriptionType": "CUSTOM",
    }
    return _keep(ask, row)


def put_predefined(ask: Ask) -> Answer:
    """PUT of a standard or classic one. Raises Refusal."""
    document = ask.document
    definition = definition_at(document)
    kind = text_at(document, "subscriptionType", length_max=20, required=True)
    if kind not in KINDS or kind == "CUSTOM":
        raise Refusal("INVALID_DATA", ["subscriptionType"])
    is_classic = kind == "CLASSIC"
    zone = document.get("timezone") or ("GMT" if is_classic else "PST")
    if not is_classic and zone != "PST":
        raise Refusal("INVALID_DATA", ["timezone"])
    name = document.get("reportName") or f"{definition.title.replace(' ', '')}_{kind.title()}"
    row: dict[str, Any] = {
        "reportDefinitionName": definition.name,
        "reportDefinitionId": str(definition.number),
        "reportName": name,
        "reportMimeType": document.get("reportMimeType") or "text/csv",
        "reportFrequency": document.get("reportFrequency") or "DAILY",
        "reportFields": [],
        "timezone": zone,
        "startTime": document.get("startTime") or "0000",
        "startDay": document.get("startDay") or 1,
        "reportPreferences": {"fieldNameConvention": "SCMP" if is_classic else "SOAPI"},
        "subscriptionType": kind,
    }
    if document.get("subscriptionStatus") == "INACTIVE":
        return _drop(ask, name)
    if is_classic and row["reportFrequency"] != "DAILY":
        raise Refusal("INVALID_DATA", ["reportFrequency"])
    return _keep(ask, row)


def subscribe(
    account: Account, definition: str, mime: str = "text/csv", convention: str = "SOAPI"
) -> None:
    """Subscribes to a report with all its columns, as somebody in the Business Center would."""
    row = {
        "reportDefinitionName": definition,
        "reportDefinitionId": str(DEFINITIONS[definition].number),
        "reportName": definition,
        "reportMimeType": mime,
        "reportFrequency": "DAILY",
        "reportFields": [],
        "timezone": "GMT",
        "startTime": "0000",
        "startDay": 1,
        "reportPreferences": {"fieldNameConvention": convention},
        "subscriptionType": "CUSTOM",
    }
    _keep_row(account, row)


def list_all(ask: Ask) -> Answer:
    """GET of all; 404 where there is none."""
    rows = [_shown(ask, row) for row in ask.account.state.reporting.subscriptions.where(_any)]
    return Answer(200, {"subscriptions": rows}) if rows else not_found(ask.account.now())


def get(ask: Ask) -> Answer:
    """GET by name."""
    row = ask.account.state.reporting.subscriptions.find(ask.id)
    return not_found(ask.account.now()) if row is None else Answer(200, _shown(ask, row))


def delete(ask: Ask) -> Answer:
    """DELETE by name."""
    return _drop(ask, ask.id)


def make_due(account: Account, *, now: bool = False) -> int:
    """Makes the reports whose time has come, or all of them now; answers how many."""
    reporting, now_s, made = account.state.reporting, account.now(), 0
    for row in reporting.subscriptions.where(_any):
        length_s = _DAYS[row["reportFrequency"]] * _DAY_S / account.factor
        start_s = _start_s(row) / account.factor
        until = reporting.made_until[row["reportName"]]
        end = (until - start_s) // length_s * length_s + length_s + start_s
        while end <= now_s or (now and until < now_s):
            end = min(end, now_s)
            reporting.reports.append(_report(account, row, until, end))
            reporting.made_until[row["reportName"]] = until = end
            end += length_s
            made += 1
    return made


def _report(account: Account, row: Mapping[str, Any], start_s: float, end_s: float) -> Report:
    return Report(
        id=str(uuid.uuid4()),
        name=row["reportName"],
        definition=row["reportDefinitionName"],
        mime=row["reportMimeType"],
        frequency=row["reportFrequency"],
        kind=row["subscriptionType"],
        timezone=row["timezone"],
        start_s=start_s,
        end_s=end_s,
        queued_s=end_s,
        ready_s=end_s + account.options.report_lag_s / account.factor,
        fields=tuple(row["reportFields"]),
        preferences=row["reportPreferences"],
    )


def _keep(ask: Ask, row: dict[str, Any]) -> Answer:
    start, day = row["startTime"], row["startDay"]
    is_time = len(start) == 4 and start.isdigit() and int(start[:2]) < 24 and int(start[2:]) < 60
    wrong = [
        name
        for name, fits in (
            ("reportFrequency", row["reportFrequency"] in _DAYS),
            ("reportMimeType", row["reportMimeType"] in FORMATS),
            ("startTime", is_time),
            ("startDay", isinstance(day, int) and 1 <= day <= 31),
        )
        if not fits
    ]
    if wrong:
        raise Refusal("INVALID_DATA", wrong)
    return Answer(201 if _keep_row(ask.account, row) else 200)


def _keep_row(account: Account, row: dict[str, Any]) -> bool:
    """Whether it is new."""
    reporting = account.state.reporting
    is_new = reporting.subscriptions.find(row["reportName"]) is None
    reporting.subscriptions.put(row["reportName"], row)
    if is_new:
        reporting.made_until[row["reportName"]] = account.now()
    account.log.add("report_subscription", name=row["reportName"], new=is_new)
    return is_new


def _drop(ask: Ask, name: str) -> Answer:
    reporting = ask.account.state.reporting
    if reporting.subscriptions.find(name) is None:
        return not_found(ask.account.now())
    reporting.subscriptions.drop(name)
    reporting.made_until.pop(name, None)
    return Answer(200)


def _shown(ask: Ask, row: Mapping[str, Any]) -> dict[str, Any]:
    known = [one.id for one in DEFINITIONS[row["reportDefinitionName"]].columns]
    fields = row["reportFields"] or known
    shown = {key: value for key, value in row.items() if key != "subscriptionType"}
    return shown | {
        "organizationId": organization_of(ask),
        "reportFields": fields,
        "startTime": f"1970-01-01T{row['startTime'][:2]}:{row['startTime'][2:]}:00Z",
    }


def _start_s(row: Mapping[str, Any]) -> int:
    return int(row["startTime"][:2]) * 3600 + int(row["startTime"][2:]) * 60


def _any(_: Mapping[str, Any]) -> bool:
    return True


_CHANGE = "report_subscription"
OFFERS = (
    Offer("report_subscriptions.create_subscription", _CHANGE, put),
    Offer("report_subscriptions.create_standard_or_classic_subscription", _CHANGE, put_predefined),
    Offer("report_subscriptions.get_all_subscriptions", "report", list_all),
    Offer("report_subscriptions.get_subscription", "report", get),
    Offer("report_subscriptions.delete_subscription", _CHANGE, delete),
)
