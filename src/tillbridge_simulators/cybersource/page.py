"""The sandbox's page: how to sign in, what it imitates, what can happen, what was asked."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from itertools import groupby

from aiohttp import web

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.coverage import coverage
from tillbridge_simulators.cybersource.key_files import (
    ANSWER_KEY_PATH,
    MLE_PATH,
    P12_PATH,
    PORTFOLIO_P12_PATH,
)
from tillbridge_simulators.cybersource.page_clients import clients, table
from tillbridge_simulators.cybersource.responses import CORRELATION
from tillbridge_simulators.cybersource.triggers import TRIGGERS
from tillbridge_simulators.effects import Entry

_SHOWN = 200
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;
color:#1b1f24}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .75rem .25rem 0;
border-bottom:1px solid #e3e6ea;vertical-align:top}code{font:13px ui-monospace,monospace}
.no{color:#8a929c}summary{cursor:pointer;padding:.2rem 0}
"""


def page_routes(account: Account, url: Callable[[], str]) -> list[web.RouteDef]:
    """GET /: for people. `url` is where the sandbox listens."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_page(account, url()), content_type="text/html")

    return [web.get("/", page)]


def _page(account: Account, url: str) -> str:
    rows = list(coverage())
    count = sum(row.served for row in rows)
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<title>Cybersource sandbox of Tillbridge</title><style>{_STYLE}</style>
<h1>Cybersource sandbox</h1>
<p>It answers as Cybersource does, keeps what you do until it stops, and moves no money.
It serves {count} of the {len(rows)} operations of the official client.</p>
<h2>Sign in</h2>{_sign_in(account)}
<h2>Point a client at it</h2>{clients(account.options, url)}
<h2>Cards</h2><p>It takes the published test cards, and numbers of ranges that are kept for tests
(414720 of the official samples, 400000, 424242 ...), and forgets them; any other number is declined
(INVALID_ACCOUNT). Stored and transient
tokens are minted by <code>POST /_simulator/tokens</code>.</p>
<h2>Make something happen</h2>{_triggers()}
<h2>What it imitates</h2>{_coverage()}
<h2>The last {_SHOWN} requests</h2>{_requests(account)}</html>"""


def _sign_in(account: Account) -> str:
    options = account.options
    pairs: tuple[tuple[str, str], ...] = (
        ("Merchant id", options.merchant_id),
        ("Key id", options.key_id),
        ("Shared secret (made up)", options.secret_key),
    )
    if options.portfolio_id:
        pairs += (
            ("Portfolio id", options.portfolio_id),
            ("Meta key id", options.meta_key_id),
            ("Meta key's secret (made up)", options.meta_secret_key),
        )
    rows = [(name, f"<code>{escape(value)}</code>") for name, value in pairs]
    files = (
        ("Certificate (P12)", f'<a href="{P12_PATH}">a new one</a>; its password: the merchant id'),
        *_portfolio_file(options.portfolio_id),
        ("Encrypt requests to", f'<a href="{MLE_PATH}">this certificate</a>'),
        ("Key for encrypted answers", f"<code>POST {ANSWER_KEY_PATH}</code>"),
    )
    return table((), [*rows, *files])


def _portfolio_file(portfolio_id: str) -> tuple[tuple[str, str], ...]:
    if not portfolio_id:
        return ()
    return (("The portfolio's (P12)", f'<a href="{PORTFOLIO_P12_PATH}">a new one</a>'),)


def _triggers() -> str:
    rows = [
        (
            f"<code>tillbridge sandbox trigger {escape(name)}"
            + "".join(f" --{need} ..." for need in trigger.needs)
            + "".join(f" [--{take} ...]" for take in trigger.takes)
            + "</code>",
            escape(trigger.says),
        )
        for name, trigger in TRIGGERS.items()
    ]
    return table(("Command", "What happens"), rows)


def _coverage() -> str:
    parts = []
    for group, rows in groupby(coverage(), lambda row: row.operation.group):
        kept = list(rows)
        count = sum(row.served for row in kept)
        cells = [
            (
                f"<code>{row.operation.method} {escape(row.operation.path)}</code>",
                escape(row.operation.name),
                "yes" if row.served else '<span class="no">no</span>',
            )
            for row in kept
        ]
        title = f"{escape(group.replace('_', ' '))}: {count} of {len(kept)}"
        parts.append(f"<details><summary>{title}</summary>{table((), cells)}</details>")
    return "".join(parts)


def _requests(account: Account) -> str:
    entries = list(account.log.entries("request"))[-_SHOWN:]
    if not entries:
        return "<p>Nobody has asked for anything yet.</p>"
    refusals = {
        entry.facts["correlation_id"]: _refusal(entry)
        for entry in account.log.entries("refused", after=entries[0].number)
    }
    head = ("At (UTC)", "Operation", "Path", "Order", "Refused", CORRELATION)
    return table(head, [_request(entry, refusals) for entry in reversed(entries)])


def _request(entry: Entry, refusals: Mapping[object, str]) -> tuple[str, ...]:
    at = datetime.fromtimestamp(entry.at, UTC).strftime("%H:%M:%S.%f")[:-3]
    facts = entry.facts
    refused = facts["refusal"] or refusals.get(facts["correlation_id"], "")
    shown = (facts["operation"], facts["path"], facts["order"], refused, facts["correlation_id"])
    return (at, *(escape(str(one)) for one in shown))


def _refusal(entry: Entry) -> str:
    """What was wrong with a body: MISSING_FIELD: orderInformation.billTo.email."""
    reason, fields = entry.facts["reason"], entry.facts["fields"]
    assert isinstance(fields, list)
    return f"{reason}: {', '.join(fields)}" if fields else str(reason)
