"""What an HTTP source answers, as rates: JSON in its three usual shapes, or CSV with a header."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.rates import Rate
from tillbridge_rates.published import day_of, misread, rate
from tillbridge_rates.settings import HttpRatesSettings


def read_answer(body: bytes, settings: HttpRatesSettings) -> Iterator[Rate | None]:
    """The rates of an answer. Raises Rejected when it is not shaped as the settings say."""
    if settings.format == "csv":
        return _csv(body, settings)
    try:
        document = read_json(body)
    except Rejected as error:
        raise misread(settings.source, "it is not JSON") from error
    rates = _at(document, settings.rates_at, settings)
    if isinstance(rates, list):
        return (_row(row, settings) for row in rates)
    if not isinstance(rates, Mapping):
        raise misread(settings.source, f"{settings.rates_at} is neither an object nor a list")
    base = settings.base or str(_at(document, settings.base_at, settings))
    if rates and all(isinstance(each, Mapping) for each in rates.values()):
        return (
            rate(base, currency, day_of(day, settings.source), written, settings.source)
            for day, by_currency in rates.items()
            for currency, written in by_currency.items()
        )
    day = day_of(_at(document, settings.date_at, settings), settings.source)
    return (
        rate(base, currency, day, written, settings.source) for currency, written in rates.items()
    )


def _csv(body: bytes, settings: HttpRatesSettings) -> Iterator[Rate | None]:
    try:
        text = body.decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(text, newline=""), strict=True):
            yield _row(row, settings)
    except (UnicodeDecodeError, csv.Error) as error:
        raise misread(settings.source, f"it is not CSV ({error})") from error


def _row(row: Any, settings: HttpRatesSettings) -> Rate | None:
    if not isinstance(row, Mapping):
        raise misread(settings.source, "a row is not an object")
    fields = (settings.to_field, settings.date_field, settings.rate_field)
    missing = [name for name in fields if row.get(name) is None]
    base = row.get(settings.from_field) or settings.base
    if missing or not base:
        lacking = missing[0] if missing else settings.from_field
        raise misread(settings.source, f"a row has no {lacking!r}")
    currency, day, written = (row[name] for name in fields)
    return rate(str(base), str(currency), day_of(day, settings.source), written, settings.source)


def _at(document: Any, path: str, settings: HttpRatesSettings) -> Any:
    """What stands at a dotted path; the document itself at an empty one."""
    found = document
    for name in path.split(".") if path else ():
        if not isinstance(found, Mapping) or name not in found:
            raise misread(settings.source, f"there is nothing at {path}")
        found = found[name]
    return found
