"""What a person fills in to connect a source of exchange rates."""

from dataclasses import dataclass
from typing import Literal

from tillbridge.connector.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class EcbSettings:
    """The reference rates of the European Central Bank."""

    base_url: str = setting(
        "Address",
        "Where the files lie; a mirror of one's own may stand here.",
        default="https://www.ecb.europa.eu/stats/eurofxref",
    )
    format: Literal["xml", "csv"] = setting(
        "Format",
        "xml reads eurofxref-daily.xml, eurofxref-hist-90d.xml and eurofxref-hist.xml; csv reads"
        " eurofxref.zip and eurofxref-hist.zip.",
        default="xml",
    )
    kept_s: int = setting(
        "Asked again after",
        "Seconds before it is asked whether there are newer rates. They are published on working"
        " days around 16:00 in Frankfurt.",
        default=3600,
    )


@dataclass(frozen=True, slots=True)
class HttpRatesSettings:
    """Any address that answers with rates as JSON or CSV."""

    url: str = setting(
        "Address",
        "An https address; {since} and {today} in it become days such as 2026-11-20.",
    )
    source: str = setting("Source", "The name under which the rates are recorded.")
    format: Literal["json", "csv"] = setting("Format", "What the address answers.", default="json")
    base: str = setting(
        "Base currency",
        "The currency all rates start from, where the answer does not say it.",
        default="",
    )
    rates_at: str = setting(
        "Rates stand at",
        "JSON: the path of the rates, such as data.rates. They are an object by currency, an"
        " object of such objects by day, or a list of rows.",
        default="rates",
    )
    base_at: str = setting("Base stands at", "JSON: the path of the base currency.", default="base")
    date_at: str = setting(
        "Day stands at",
        "JSON: the path of the day: a date, an instant, or seconds since 1970.",
        default="date",
    )
    from_field: str = setting("From", "Rows: the field or column of the base.", default="from")
    to_field: str = setting("To", "Rows: the field or column of the currency.", default="to")
    date_field: str = setting("Date", "Rows: the field or column of the day.", default="date")
    rate_field: str = setting("Rate", "Rows: the field or column of the rate.", default="rate")
    token: Secret = setting(
        "Token", "Sent in the header below; empty where none is asked for.", default=Secret("")
    )
    token_header: str = setting(
        "Token header", "The header that carries the token.", default="authorization"
    )
    kept_s: int = setting(
        "Asked again after",
        "Seconds before it is asked whether there are newer rates.",
        default=3600,
    )
