"""The day in numbers, for somebody who sees this for the first time."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tillbridge.demo.figures import Day
from tillbridge.runs.dead_letters import DeadLetter

FINDINGS_MAX = 30
LETTERS_MAX = 20
NOTHING = "0.00"
PAYMENT_WORDS = {
    "AUTHORIZED": "authorized",
    "AUTHORIZED_PENDING_REVIEW": "authorized, review wanted",
    "AUTHORIZED_RISK_DECLINED": "declined by risk rules, though held",
    "DECLINED": "declined",
}


def show_summary(console: Console, found: Mapping[str, Any], day: Day) -> None:
    """The tables: orders, money, and what went wrong and how it ended."""
    summary = found["summary"]
    _print(console, "Orders and payments", ("where", "what", "how many"), _orders(summary))
    _print(
        console,
        "Money",
        ("where", "currency", "held", "captured", "reversed", "released", "still held"),
        _money(summary),
    )
    _print(console, "Books", ("where", "what", "amount"), _books(summary))
    _print(
        console, "What went wrong, and how it ended", ("what", "how many"), _troubles(found, day)
    )
    if day.letters:
        _print(
            console,
            "Dead letters: what a person must look at",
            ("run", "order", "where", "why"),
            _letters(day.letters),
        )


def show_verdict(console: Console, found: Mapping[str, Any], day: Day) -> bool:
    """Whether the day is good, and if not, why."""
    verdict = found["verdict"]
    findings = [f"{one['order']} {one['sentence']} ({one['key']})" for one in verdict["findings"]]
    if day.unowned:
        findings.append(f"{day.unowned} unknown effects have no owner (unknown_without_owner)")
    findings += [f"{run} (still open)" for run in day.open_runs]
    if not findings:
        console.print(
            Text(
                f"The auditor compared {verdict['orders']} orders in every system, to the cent:"
                " every promise was kept.",
                style="bold green",
            ),
            soft_wrap=True,
        )
        return True
    console.print(Text(f"{len(findings)} promises were broken:", style="bold red"))
    for finding in findings[:FINDINGS_MAX]:
        console.print(Text(f"  {finding}"), soft_wrap=True)
    if len(findings) > FINDINGS_MAX:
        console.print(Text(f"  and {len(findings) - FINDINGS_MAX} more"))
    return False


def _orders(summary: Mapping[str, Any]) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("the shop", "orders placed", summary["orders"])]
    rows += [
        ("", state.replace("_", " "), count) for state, count in sorted(summary["shop"].items())
    ]
    statuses = summary["authorizations"]
    rows += [
        ("Cybersource" if at == 0 else "", PAYMENT_WORDS.get(status, status), statuses[status])
        for at, status in enumerate(sorted(statuses))
    ]
    rows += [("", "captures", summary["captures"]), ("", "holds reversed", summary["reversals"])]
    for erp, books in summary["books"].items():
        rows.append((erp, "sales orders", books["live"]))
        rows.append(("", "sales orders cancelled", books["cancelled"]))
    return rows


def _money(summary: Mapping[str, Any]) -> list[Sequence[object]]:
    names = ("held", "captured", "reversed", "released", "open")
    return [
        ("Cybersource", currency, *(_amount(money[name]) for name in names))
        for currency, money in summary["money"].items()
    ]


def _books(summary: Mapping[str, Any]) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = []
    for where, what, amounts in (
        ("the shop", "shipped orders come to", summary["sold"]),
        ("the shop", "was told is captured", summary["paid"]),
        *((erp, "live sales orders come to", b["worth"]) for erp, b in summary["books"].items()),
    ):
        for currency, amount in (amounts or {"": NOTHING}).items():
            rows.append((where, what, f"{_amount(amount)} {currency}".strip()))
    return rows


def _amount(text: str) -> str:
    """Two decimals or more, as the system tells it; zeros beyond two are left out."""
    amount = Decimal(text)
    shown = f"{amount:,.2f}"
    return shown if Decimal(shown.replace(",", "")) == amount else f"{amount:,f}"


def _troubles(found: Mapping[str, Any], day: Day) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [
        (f"deliveries of {source} that came again, kept once", count)
        for source, count in day.repeats.items()
    ]
    rows += [
        (f"repeated writes that {system} recognized", count)
        for system, count in found["summary"]["repeats"].items()
        if count
    ]
    rows += [
        ("unknown effects that ended by evidence: they were found", day.evidence),
        (
            "unknown effects that ended by a fence: undone, whether or not they had happened",
            day.fence,
        ),
        ("effects sent again under their own key, which the other side knows", day.key),
        ("dead letters", len(day.letters)),
    ]
    return rows


def _letters(letters: Sequence[DeadLetter]) -> list[Sequence[object]]:
    return [
        (letter.run_id, letter.subject, letter.target, f"{letter.reason}: {letter.message}")
        for letter in letters[:LETTERS_MAX]
    ]


def _print(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    console.print(Text(f"\n{title}", style="bold"))
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for at, column in enumerate(columns):
        right = at > 0 and column not in ("what", "why", "order", "where", "currency")
        grid.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(str(value)) for value in row))
    console.print(grid)
