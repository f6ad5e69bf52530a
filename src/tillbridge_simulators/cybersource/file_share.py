"""Secure file share: every finished report is a file there as well.

Source: REST API reference, Secure File Share: "Get list of files" (by day, and by name), "Download
a file with file identifier"; the official client's model V1FileDetailsGet200Response; the id in the
official samples, which is TRRReport-7855d13f-9398-5113-e053-a2588e0a7192.csv-2018-10-20 in base64.
That what stands in a file's name is its report's id is our own.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import text_at
from tillbridge_simulators.cybersource.report_subscriptions import make_due
from tillbridge_simulators.cybersource.reporting import Report
from tillbridge_simulators.cybersource.reports import content_of
from tillbridge_simulators.cybersource.windows import organization_of

_ENDINGS = {"text/csv": "csv", "application/xml": "xml"}


def list_files(ask: Ask) -> Answer:
    """GET /sfs/v1/file-details. Raises Refusal."""
    start, end = (_day_at(ask, name) for name in ("startDate", "endDate"))
    if not start <= end <= start + timedelta(days=366):
        raise Refusal("INVALID_DATA", ["startDate", "endDate"])
    name = ask.query.get("name", "")
    found = [
        one for one in _files(ask.account) if start <= _day(one) <= end and name in ("", _name(one))
    ]
    if not found or organization_of(ask) != ask.account.options.merchant_id:
        return not_found(ask.account.now())
    links = [
        {"fileId": _id(one), "href": f"/sfs/v1/files/{quote(_id(one))}", "method": "GET"}
        for one in found
    ]
    own = {"href": "/sfs/v1/file-details", "method": "GET"}
    body = {"fileDetails": [_shown(one) for one in found]}
    return Answer(200, body | {"_links": {"self": own, "files": links}})


def get_file(ask: Ask) -> Answer:
    """GET /sfs/v1/files/{fileId}."""
    for one in _files(ask.account):
        if _id(one) == ask.id:
            return Answer(200, raw=one.content, content_type=one.mime)
    return not_found(ask.account.now())


def _files(account: Account) -> Iterator[Report]:
    """Reports that are ready and have rows."""
    make_due(account)
    for one in account.state.reporting.reports:
        if one.ready_s <= account.now():
            content_of(account, one)
            if one.rows:
                yield one


def _shown(one: Report) -> dict[str, Any]:
    return {
        "fileId": _id(one),
        "name": _name(one),
        "createdTime": utc_text(one.ready_s),
        "lastModifiedTime": utc_text(one.ready_s),
        "date": _day(one).isoformat(),
        "mimeType": one.mime,
        "size": len(one.content or b""),
    }


def _name(one: Report) -> str:
    return f"{one.name}-{one.id}.{_ENDINGS[one.mime]}"


def _id(one: Report) -> str:
    return base64.b64encode(f"{_name(one)}-{_day(one)}".encode()).decode()


def _day(one: Report) -> date:
    """The day it was made."""
    return datetime.fromtimestamp(one.ready_s, UTC).date()


def _day_at(ask: Ask, name: str) -> date:
    try:
        return date.fromisoformat(text_at(ask.query, name, length_max=10, required=True))
    except ValueError:
        raise Refusal("INVALID_DATA", [name]) from None


OFFERS = (
    Offer("secure_file_share.get_file_detail", "file_details", list_files),
    Offer("secure_file_share.get_file", "file", get_file),
)
