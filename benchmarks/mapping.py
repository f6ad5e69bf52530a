"""What a mapping costs beside Python by hand and jsonata: `python -m benchmarks.mapping`.

An order of 40 fields and three lines; conditions on one field; a report of a million rows, mapped
one by one in the memory of one. Nothing outside this process is needed but Node, which is
installed beside the project the first time (`benchmarks/jsonata.py`).

SCALE=short|full|long; SCALE=short leaves jsonata out: its number is then null. Where jsonata cannot
be installed the number is null too, and the result is not ok: a comparison was not made.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import jsonata
from benchmarks.report import end_with
from benchmarks.sales_order import CARD_TYPES, PAYMENT_METHODS, PRODUCTS, sales_order
from benchmarks.sales_order_ends import CARD_TYPES_CSV, PRODUCTS_CSV, SHAPE, event
from benchmarks.settlement_rows import row_filler, rows
from tillbridge.canonical.money import Money
from tillbridge.canonical.parties import Address
from tillbridge.mapping.apply import Filler, prepare_mapping
from tillbridge.mapping.expression import expression
from tillbridge.mapping.lookup import read_lookup
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.source import event_scope, names_of


@dataclass(frozen=True, slots=True)
class Work:
    """How often each thing is done: orders and conditions a measurement, rows altogether."""

    orders: int
    conditions: int
    rows: int
    beside_jsonata: bool = True


SCALES = {
    "short": Work(200, 2000, 20_000, beside_jsonata=False),
    "full": Work(4000, 50_000, 1_000_000),
    "long": Work(20_000, 200_000, 10_000_000),
}
REPEATS = 9
"""Measurements of each side, taken in turn; the least of them counts."""
LIMITS = {"order_ratio": 2.0, "condition_ratio": 8.0}
RSS_GROWTH_MAX_MB = 8.0
"""From the first tenth of the rows to the last; a list of a tenth of them would be 100 MB."""
FACTOR = 1.0
"""Nothing waits."""

LIMIT = Money.of("100.00", "USD")
CONDITIONS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "payment.state == 'in_review'": lambda context: context["payment"].state == "in_review",
    "order.total >= money('100.00', 'USD')": lambda context: context["order"].total >= LIMIT,
    "has(order.custom.note)": lambda context: bool(context["order"].custom.get("note")),
    "order.number.starts_with('SO-')": lambda context: context["order"].number.startswith("SO-"),
}
"""Conditions on one field, and the same in Python. The one with the largest ratio is reported."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Microseconds of a mapping's work, and of the same in Python by hand."""

    us: float
    python_us: float

    @property
    def ratio(self) -> float:
        return self.us / self.python_us


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows mapped one by one: how fast, and the process's peak of memory after a tenth and all."""

    rows_per_s: float
    rss_tenth_mb: float
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Result:
    """The last line. Microseconds of CPU; `fsync` as everywhere: nothing here is written."""

    us_per_order: float
    python_us_per_order: float
    order_ratio: float
    us_per_condition: float
    python_us_per_condition: float
    condition_ratio: float
    jsonata_us_per_order: float | None
    rows_per_s: float
    peak_rss_mb: float
    fsync: bool
    factor: float
    ok: bool


def measure(work: Work) -> Result:
    """Measures everything and judges."""
    stream = stream_rows(work.rows)
    order = compare_order(work.orders)
    condition = max(compare_conditions(work.conditions), key=lambda beside: beside.ratio)
    jsonata_us = beside_jsonata(work.orders // 4) if work.beside_jsonata else None
    compared = jsonata_us is not None or not work.beside_jsonata
    return Result(
        us_per_order=round(order.us, 2),
        python_us_per_order=round(order.python_us, 2),
        order_ratio=round(order.ratio, 2),
        us_per_condition=round(condition.us, 3),
        python_us_per_condition=round(condition.python_us, 3),
        condition_ratio=round(condition.ratio, 2),
        jsonata_us_per_order=None if jsonata_us is None else round(jsonata_us, 1),
        rows_per_s=round(stream.rows_per_s),
        peak_rss_mb=round(stream.rss_mb, 1),
        fsync=True,
        factor=FACTOR,
        ok=compared
        and order.ratio <= LIMITS["order_ratio"]
        and condition.ratio <= LIMITS["condition_ratio"]
        and stream.rss_mb - stream.rss_tenth_mb <= RSS_GROWTH_MAX_MB,
    )


def order_filler() -> Filler:
    """The mapping of the order, ready."""
    path = Path(__file__).with_name("sales_order.yaml")
    mapping = read_mapping(path.read_text(encoding="utf-8"), path.name)
    lookups = {
        "card-types": read_lookup(CARD_TYPES_CSV, "card-types.csv", "card-types"),
        "products": read_lookup(PRODUCTS_CSV, "products.csv", "products"),
    }
    return prepare_mapping(mapping, SHAPE, lookups)


def compare_order(rounds: int) -> Beside:
    """The order by the mapping and by hand; both have to come out equal."""
    fill, context = order_filler().fill, names_of(event())
    assert fill(context) == sales_order(context), "both make the same document"
    beside = _compare(partial(fill, context), partial(sales_order, context), rounds)
    _show("order of 40 fields, 3 lines", beside)
    return beside


def compare_conditions(rounds: int) -> list[Beside]:
    """Each condition by the language and by hand."""
    context, scope = names_of(event()), event_scope()
    found = []
    for text, by_hand in CONDITIONS.items():
        evaluate = expression(text, scope).evaluate
        assert evaluate(context) is by_hand(context), text
        beside = _compare(partial(evaluate, context), partial(by_hand, context), rounds)
        _show(text, beside)
        found.append(beside)
    return found


def beside_jsonata(rounds: int) -> float | None:
    """Microseconds of the same order in jsonata; None where it cannot be installed."""
    text = Path(__file__).with_name("sales_order.jsonata").read_text(encoding="utf-8")
    context = names_of(event())
    tables = {"cards": CARD_TYPES, "products": PRODUCTS, "methods": sorted(PAYMENT_METHODS)}
    given = {"order": plain(context["order"]), "payment": plain(context["payment"])}
    try:
        spent_us, answer = jsonata.time_expression(text, {**given, "tables": tables}, rounds)
    except jsonata.NotInstalledError as error:
        print(f"jsonata: not compared, it cannot be installed here: {error}")
        return None
    assert answer == plain(sales_order(context)), "jsonata makes the same document"
    print(f"{'the order in jsonata':<44}{spent_us:>10.2f} us")
    return spent_us


def stream_rows(count: int) -> Stream:
    """Rows mapped one by one."""
    fill = row_filler().fill
    rss_tenth_mb, begun = 0.0, time.process_time()
    cents = 0
    for number, row in enumerate(rows(count), 1):
        amount = fill({"row": row})["amount"]
        assert isinstance(amount, Money), "the field is money"
        cents += amount.minor
        if number == count // 10:
            rss_tenth_mb = _rss_peak_mb()
        if number % 200_000 == 0:
            print(f"{number:,} rows", file=sys.stderr)
    spent_s = time.process_time() - begun
    stream = Stream(count / spent_s, rss_tenth_mb, _rss_peak_mb())
    total = Money.from_minor(cents, "USD")
    print(
        f"{count:,} rows of 10 fields, {total} in all: {stream.rows_per_s:,.0f} a second,"
        f" at most {stream.rss_mb:.1f} MB ({stream.rss_tenth_mb:.1f} MB after a tenth)"
    )
    return stream


def plain(value: Any) -> Any:
    """A canonical value or document for jsonata: groups and lists, numbers and times as text."""
    match value:
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case Address():
            return {**_fields(value), "name": value.name}
        case Decimal() | date():
            return value.isoformat() if isinstance(value, date) else str(value)
        case _:
            return _fields(value) if is_dataclass(value) else value


def _fields(value: Any) -> dict[str, Any]:
    return {each.name: plain(getattr(value, each.name)) for each in fields(value)}


def _compare(ours: Callable[[], object], by_hand: Callable[[], object], rounds: int) -> Beside:
    """Both in turn, so that a slow moment of the machine is nobody's alone."""
    least = [float("inf"), float("inf")]
    for _ in range(REPEATS):
        for side, run in enumerate((ours, by_hand)):
            begun = time.process_time_ns()
            for _ in range(rounds):
                run()
            least[side] = min(least[side], (time.process_time_ns() - begun) / 1000 / rounds)
    return Beside(*least)


def _show(what: str, beside: Beside) -> None:
    print(
        f"{what:<44}{beside.us:>10.3f} us{beside.python_us:>10.3f} us by hand"
        f"{beside.ratio:>8.2f} times"
    )


def _rss_peak_mb() -> float:
    """The most memory this process ever had (getrusage(2): in kilobytes on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    """Measures, prints a table and one line of JSON."""
    usual = SCALES[os.environ.get("SCALE", "full")]
    reader = argparse.ArgumentParser(prog="python -m benchmarks.mapping")
    reader.add_argument("--rows", type=int, default=usual.rows)
    rows_wanted = reader.parse_args().rows
    result = measure(replace(usual, rows=rows_wanted))
    end_with(result, LIMITS)


if __name__ == "__main__":
    main()
