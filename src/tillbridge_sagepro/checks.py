"""What `tillbridge check` and `tillbridge provision` say of a Sage Pro connection."""

from collections.abc import Sequence

from tillbridge.canonical.currencies import exponent_of
from tillbridge.connector.abilities import CheckLine
from tillbridge_sagepro.company import Company
from tillbridge_sagepro.database import Row, Transaction
from tillbridge_sagepro.numbers import counter_id
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.structure import CROSS_REFERENCES


def check_company(
    transaction: Transaction, company: Company, settings: SageProSettings
) -> list[CheckLine]:
    """Every line after the login, with reads only."""
    lines = [_tables(company), _cross_references(company)]
    if not lines[0].passed:
        return lines
    counters, guest, location = transaction.read(
        "; ".join(
            (
                statement("counters", system=settings.system_database),
                statement("customer"),
                statement("location"),
            )
        ),
        {
            "order_counter": counter_id("SO", settings),
            "custno": settings.guest_customer.upper(),
            "loctid": settings.location,
        },
    )
    lines += [_counter(counters, settings), _guest(guest, settings), _location(location, settings)]
    lines += [_currency(company, settings), _pseudo_items(transaction, settings)]
    lines += [_hold(company, settings), _web_number(company), _payment_id(company, settings)]
    return lines


def _tables(company: Company) -> CheckLine:
    absent = company.structure.missing()
    columns = sum(len(table.columns) for table in company.structure.tables.values())
    return CheckLine(
        "Company tables",
        not absent,
        f"missing: {', '.join(absent)}" if absent else f"{columns} columns read",
        "Check that company_database names a Sage Pro company." if absent else "",
    )


def _cross_references(company: Company) -> CheckLine:
    there = CROSS_REFERENCES in company.structure.tables
    return CheckLine(
        f"Table {CROSS_REFERENCES}",
        there,
        "present" if there else "not there",
        "" if there else "Run `tillbridge provision`, or have the DBA create it.",
    )


def _counter(rows: Sequence[Row], settings: SageProSettings) -> CheckLine:
    title = f"Counter {counter_id('SO', settings)}"
    if not rows:
        return CheckLine(
            title, False, f"not in {settings.system_database}..sysdata", "Correct company_id."
        )
    last, mirror = rows[0]
    if mirror is None or int(mirror) != int(last):
        return CheckLine(
            title,
            False,
            f"sysdata says {last}, SOsysd says {mirror}",
            "Set them equal in Sage Pro.",
        )
    return CheckLine(title, True, f"last order number {last}")


def _guest(rows: Sequence[Row], settings: SageProSettings) -> CheckLine:
    return CheckLine(
        f"Guest customer {settings.guest_customer}",
        bool(rows),
        "present" if rows else "not in arcust",
        "" if rows else "Create it in Sage Pro, or correct guest_customer.",
    )


def _location(rows: Sequence[Row], settings: SageProSettings) -> CheckLine:
    return CheckLine(
        f"Location {settings.location}",
        bool(rows),
        "present" if rows else "not in icloct",
        "" if rows else "Correct the setting location.",
    )


def _currency(company: Company, settings: SageProSettings) -> CheckLine:
    places = exponent_of(company.currency)
    fits = places <= settings.amount_decimals
    return CheckLine(
        "Currency",
        fits,
        f"books in {company.currency} ({places} decimals); orders in another are refused",
        "" if fits else f"Set amount_decimals to at least {places}.",
    )


def _pseudo_items(transaction: Transaction, settings: SageProSettings) -> CheckLine:
    wanted = {settings.freight_item.upper(), settings.discount_item.upper()}
    if settings.tax_style == "lines":
        wanted.add(settings.tax_item.upper())
    names = sorted(wanted)
    values = {f"item{at}": item for at, item in enumerate(names)} | {"loctid": settings.location}
    marks = ", ".join(f"CAST(%(item{at})s AS char(25))" for at in range(len(names)))
    (rows,) = transaction.read(statement("items", items=marks), values)
    absent = sorted(wanted - {str(row[0]).strip().upper() for row in rows})
    return CheckLine(
        "Items for freight, discount and tax",
        not absent,
        f"missing: {', '.join(absent)}" if absent else ", ".join(names),
        "Create them in Sage Pro, or correct the settings." if absent else "",
    )


def _hold(company: Company, settings: SageProSettings) -> CheckLine:
    there = company.structure["somast"].has(settings.hold_column)
    return CheckLine(
        "Hold column",
        there,
        f"somast.{settings.hold_column}" + ("" if there else " is not there"),
        "" if there else "Set hold_column to the site's own.",
    )


def _web_number(company: Company) -> CheckLine:
    there = company.structure["somast"].has("websono")
    detail = "somast.websono" if there else "only ponum and ix_xref: the site has no websono"
    return CheckLine("Web order number", True, detail)


def _payment_id(company: Company, settings: SageProSettings) -> CheckLine:
    column = settings.payment_id_column
    if not column:
        return CheckLine("Payment id", True, "in ix_xref only")
    somast = company.structure["somast"]
    width = somast.width(column)
    return CheckLine(
        "Payment id",
        somast.has(column),
        f"in ix_xref and somast.{column}, {width or 'any number of'} characters"
        if somast.has(column)
        else f"somast has no column {column}",
        "" if somast.has(column) else "Correct payment_id_column.",
    )
