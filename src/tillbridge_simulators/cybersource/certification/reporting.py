"""Chargebacks and retrievals, and the window of time that reports are asked about."""

from datetime import UTC, datetime, timedelta
from functools import partial

from tillbridge_simulators.cybersource.certification.payments import sold
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_KEYS = {
    "chargeback": (
        "chargeback_details.get_chargeback_details",
        "chargeback_summaries.get_chargeback_summaries",
    ),
    "retrieval": (
        "retrieval_details.get_retrieval_details",
        "retrieval_summaries.get_retrieval_summary",
    ),
}


def last_day() -> dict[str, str]:
    """startTime and endTime: the last day but a minute, up to a minute from now."""
    now = datetime.now(UTC)
    moments = (now - timedelta(hours=23), now + timedelta(minutes=1))
    start, end = (f"{moment:%Y-%m-%dT%H:%M:%S}.000Z" for moment in moments)
    return {"startTime": start, "endTime": end}


def _disputes(it: Script, kind: str) -> None:
    payment = sold(it)["id"]
    it.means.trigger(kind, payment=payment, amount="7.00")
    details, summaries = _KEYS[kind]
    wanted = {f"{kind}Details.requestId={payment}.amount": "7.00"}
    it.shows(details, wanted, **last_day())
    it.shows(summaries, {f"{kind}Summaries.0.count": ANY}, **last_day())
    backwards = dict(zip(("endTime", "startTime"), last_day().values(), strict=True))
    for key in (details, summaries):
        it.refused(key, 400, "INVALID_DATA", **backwards)


ROWS = tuple(row(partial(_disputes, kind=kind), *keys) for kind, keys in _KEYS.items())
