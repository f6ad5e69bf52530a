"""What a person tells about one Sage Pro company."""

import re
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.connector.settings import Secret, setting

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class SageProSettings:
    """The settings of a connection to the SQL Server edition of Sage Pro."""

    host: str = setting("Host", "Name or address of the SQL Server.")
    user: str = setting("User", "A SQL Server login that may write the company's tables.")
    password: Secret = setting("Password", "The login's password.")
    company_database: str = setting(
        "Company database", "The company's own database, such as PRO05."
    )
    company_id: str = setting("Company id", "Two digits, as in PROSYS..syccomp: 05.")
    location: str = setting("Location", "The warehouse (icloct.loctid) web orders ship from.")
    port: int = setting("Port", "The SQL Server's TCP port.", default=1433)
    system_database: str = setting(
        "System database", "Holds sysdata and syccomp; PROSYS at most sites.", default="PROSYS"
    )
    authority_file: str = setting(
        "Certificate authority file",
        "PEM file of the authority that signed the server's certificate; with it the connection"
        " is encrypted (needs pyOpenSSL), without it it is not.",
        default="",
    )
    lock_wait_s: int = setting(
        "Lock wait", "Seconds to wait for a row another program has locked.", default=5
    )
    source: str = setting(
        "Source", "Marks our rows in ix_xref when several programs share it.", default="TILLBRIDGE"
    )
    guest_customer: str = setting(
        "Guest customer", "The customer that guests' orders are booked on.", default="WEBGUEST"
    )
    create_customers: bool = setting(
        "Create customers", "Make a customer for a shop customer not seen before.", default=True
    )
    customer_prefix: str = setting(
        "Customer prefix", "New customers are this and six digits: W000001.", default="W"
    )
    tax_style: Literal["lines", "header"] = setting(
        "Tax style",
        "lines: sales tax is a line on the tax item; header: it stands in somast.tax.",
        default="lines",
        unverified=True,
    )
    freight_item: str = setting("Freight item", "Item of the freight line.", default="SHIP-")
    discount_item: str = setting(
        "Discount item", "Item of the order discount and rounding line.", default="DISCOUNT-"
    )
    tax_item: str = setting("Tax item", "Item of the sales tax line.", default="TAX-")
    currency: str = setting(
        "Base currency", "Of the books; only needed where syccomp.currid is blank.", default=""
    )
    amount_decimals: int = setting(
        "Amount decimals", "Decimals the site keeps in money columns (which have 4).", default=2
    )
    hold_column: str = setting(
        "Hold column", "Column of somast that holds an order back.", default="release",
        unverified=True,
    )  # fmt: skip
    hold_value: str = setting("Hold value", "What the hold column says on hold.", default="N")
    released_value: str = setting("Released value", "What it says when released.", default="Y")
    payment_id_column: str = setting(
        "Payment id column",
        "Column of somast that also keeps the payment's request id; empty: only ix_xref does.",
        default="",
    )
    characters: Literal["ascii", "cp1252"] = setting(
        "Characters", "What text may hold: ascii (32 to 126) or Windows code page 1252.",
        default="ascii", unverified=True,
    )  # fmt: skip
    transliterate: bool = setting(
        "Transliterate",
        "Write Zoë as Zoe where the characters do not allow ë; otherwise such text is refused.",
        default=False,
    )
    blank_date: Literal["1900-01-01", "null"] = setting(
        "Blank date", "How the site keeps an empty date.", default="1900-01-01", unverified=True
    )
    user_code: str = setting(
        "User code", "Up to four characters for adduser and lckuser.", default="TILL"
    )
    timezone: str = setting(
        "Time zone", "The company's time zone, for its dates and times.", default="UTC"
    )


def check_settings(settings: SageProSettings, connection: str) -> None:
    """Raises Misconfigured for what can be seen to be wrong without a call."""
    for name in ("company_database", "system_database", "hold_column", "payment_id_column"):
        value = str(getattr(settings, name))
        if value and not _NAME.fullmatch(value):
            raise _wrong(connection, name, value, "a plain SQL name")
    limits = {"user_code": 4, "customer_prefix": 4, "source": 32, "company_id": 10}
    for name, limit in limits.items():
        value = str(getattr(settings, name))
        if not 0 < len(value) <= limit:
            raise _wrong(connection, name, value, f"1 to {limit} characters")
    if not 0 <= settings.amount_decimals <= 4:
        raise _wrong(connection, "amount_decimals", str(settings.amount_decimals), "0 to 4")
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise _wrong(
            connection, "timezone", settings.timezone, "a zone such as America/New_York"
        ) from None


def _wrong(connection: str, name: str, value: str, takes: str) -> Misconfigured:
    return Misconfigured(
        f"{connection}: the setting {name} is {value!r}; it takes {takes}.",
        reason="bad_setting",
        place=Place(field=name),
        next_step="Correct the connection's settings.",
    )
