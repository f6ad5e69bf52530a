"""Published rates as the files and answers people fetch. Digits are kept as they were published.

Source: www.ecb.europa.eu, "Euro foreign exchange reference rates": the XML files, and the CSV
files inside ZIP archives, whose daily one writes its day in words and ends its lines in a comma.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeAlias

Published: TypeAlias = Mapping[date, Mapping[str, str]]
"""By day, what one euro is worth, as text by currency."""

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"'
    ' xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
    "<gesmes:subject>Reference rates</gesmes:subject>"
    "<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender><Cube>\n"
)
_TAIL = "</Cube></gesmes:Envelope>\n"


def xml(rates: Published) -> bytes:
    """An XML file, the newest day first."""
    days = []
    for day in sorted(rates, reverse=True):
        cubes = "".join(
            f'<Cube currency="{currency}" rate="{rate}"/>' for currency, rate in rates[day].items()
        )
        days.append(f'<Cube time="{day.isoformat()}">{cubes}</Cube>\n')
    return (_HEAD + "".join(days) + _TAIL).encode()


def history_zip(rates: Published) -> bytes:
    """eurofxref-hist.zip: a column for each currency there ever was, N/A where it has none."""
    currencies = sorted({currency for by_currency in rates.values() for currency in by_currency})
    lines = [",".join(["Date", *currencies, ""])]
    for day in sorted(rates, reverse=True):
        cells = [rates[day].get(currency, "N/A") for currency in currencies]
        lines.append(",".join([day.isoformat(), *cells, ""]))
    return _zipped("eurofxref-hist.csv", "\n".join(lines) + "\n")


def daily_zip(rates: Published) -> bytes:
    """eurofxref.zip: the newest day alone, in words."""
    day = max(rates)
    written = f"{day.day:02} {day:%B} {day.year}"
    header = ", ".join(["Date", *rates[day], ""])
    cells = ", ".join([written, *rates[day].values(), ""])
    return _zipped("eurofxref.csv", f"{header}\n{cells}\n")


def latest_json(rates: Published) -> bytes:
    """The newest day as {"base", "date", "rates": {"USD": 1.0855}}."""
    day = max(rates)
    return _json({"base": "EUR", "date": day.isoformat(), "rates": dict(rates[day])})


def series_json(rates: Published, since: date) -> bytes:
    """Days from one on as {"base", "rates": {"2026-11-20": {"USD": 1.0855}}}."""
    days = {day.isoformat(): dict(rates[day]) for day in sorted(rates) if day >= since}
    return _json({"base": "EUR", "rates": days})


def rows_csv(rates: Published) -> bytes:
    """from,to,date,rate, a row for each rate."""
    lines = ["from,to,date,rate"]
    lines += [
        f"EUR,{currency},{day.isoformat()},{rate}"
        for day in sorted(rates)
        for currency, rate in rates[day].items()
    ]
    return ("\n".join(lines) + "\n").encode()


def _json(document: dict[str, Any]) -> bytes:
    """JSON in which rates are numbers with exactly the digits that were published."""
    return json.dumps(document, default=str, cls=_Digits).encode()


class _Digits(json.JSONEncoder):
    """Writes texts that are plain digits as numbers: a float would lose some of them."""

    def encode(self, o: Any) -> str:
        if isinstance(o, dict):
            parts = (f"{json.dumps(name)}: {self.encode(value)}" for name, value in o.items())
            return "{" + ", ".join(parts) + "}"
        if isinstance(o, str) and o.replace(".", "", 1).isdigit():
            return o
        return super().encode(o)


def _zipped(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return packed.getvalue()
