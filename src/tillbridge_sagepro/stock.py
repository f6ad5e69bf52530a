"""Items on an order: what a line takes from them, and the rows that must exist per location."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge_sagepro.database import Row
from tillbridge_sagepro.inserts import Bound, Given
from tillbridge_sagepro.numbers import counter_id, padded
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.structure import Table
from tillbridge_sagepro.writing import Writing

_ACCOUNTS = ("icacct", "rclacct", "iclacct", "icacts", "icactv")
_SUFFIX = slice(6, 9)
"""Characters 7 to 9 of an account are the location's (working integration of a SQL site)."""
_FRESH = ("lonhand", "lonordr", "lsoaloc")


@dataclass(frozen=True, slots=True)
class Item:
    """What an order line takes from icitem, iciloc and iciqty; `located` and `qserial` tell
    whether the latter two have rows for the location."""

    item: str
    itmdesc: str
    itmclss: str
    stkcode: str
    taxcode: str
    sunmsid: str
    sumfact: Decimal
    nserial: Decimal
    located: bool
    cost: Decimal
    gllink: str
    qserial: str


def query(items: Sequence[str], location: str) -> tuple[str, dict[str, str]]:
    """The statement that reads these items, and its parameters."""
    values = {f"item{at}": item for at, item in enumerate(items)}
    marks = ", ".join(f"CAST(%({name})s AS char(25))" for name in values)
    return statement("items", items=marks), values | {"loctid": location}


def read_items(rows: Sequence[Row], wanted: Sequence[str]) -> dict[str, Item]:
    """The items by code. Raises Rejected, naming every one that is unknown."""
    found = {str(row[0]).strip().upper(): _read_item(row) for row in rows}
    unknown = [code for code in wanted if code not in found]
    if unknown:
        raise Rejected(
            f"Sage Pro does not know the item{'s' if len(unknown) > 1 else ''}"
            f" {', '.join(unknown)}.",
            reason="unknown_item",
            place=Place(field="lines"),
            next_step="Add it to the product lookup, or create it in Sage Pro.",
        )
    return found


def _read_item(row: Row) -> Item:
    code, title, group, stocked, taxcode, unit, factor, serials, located, cost, link, serial = row
    return Item(
        item=code.rstrip(),
        itmdesc=title.rstrip(),
        itmclss=group.rstrip(),
        stkcode=stocked.rstrip(),
        taxcode=taxcode.rstrip(),
        sunmsid=unit.rstrip(),
        sumfact=factor,
        nserial=serials,
        located=located is not None,
        cost=cost if cost is not None else Decimal(0),
        gllink=(link or "").rstrip(),
        qserial=(serial or "").rstrip(),
    )


def complete(writing: Writing, items: Mapping[str, Item]) -> dict[str, Item]:
    """The items with the rows of iciloc and iciqty made that were missing."""
    located = {
        code: item if item.located else _locate(writing, item) for code, item in items.items()
    }
    return {
        code: item if item.qserial else _number_serial(writing, item)
        for code, item in located.items()
    }


def _locate(writing: Writing, item: Item) -> Item:
    """Copies another location's row, with this location's suffix in its accounts."""
    settings, table = writing.settings, writing.table("iciloc")
    location_rows, copied = writing.transaction.read(
        f"{statement('location')}; {_columns_of(table)}",
        {"loctid": settings.location, "item": item.item},
    )
    if not location_rows:
        raise Misconfigured(
            f"There is no location {settings.location} in icloct.",
            reason="unknown_location",
            next_step="Correct the setting location.",
        )
    row: dict[str, Given] = {}
    if copied:
        suffix = str(location_rows[0][0])[_SUFFIX]
        for name, value in zip(table.columns, copied[0], strict=True):
            given = _copied(name, value, suffix)
            if given is not None:
                row[name] = given
    row |= {"item": Bound("item", item.item), "loctid": Bound("loctid", settings.location)}
    batch = writing.batch()
    batch.insert(table, [row | writing.stamp.columns()])
    writing.send(batch)
    cost, gllink = row.get("slsdcst"), row.get("gllink")
    return replace(
        item,
        located=True,
        cost=cost.value
        if isinstance(cost, Bound) and isinstance(cost.value, Decimal)
        else item.cost,
        gllink=str(gllink.value) if isinstance(gllink, Bound) else item.gllink,
    )


def _columns_of(table: Table) -> str:
    names = ", ".join(f"l.[{name}]" for name in table.columns)
    return statement("item_locations").replace("SELECT *", f"SELECT {names}")


def _copied(name: str, value: object, suffix: str) -> Given | None:
    """What of another location's row is taken over; quantities and dates start blank."""
    if name in _FRESH or isinstance(value, datetime) or value is None:
        return None
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, str):
        text = value.rstrip()
        if name in _ACCOUNTS and len(text) >= _SUFFIX.stop and suffix.strip():
            text = text[: _SUFFIX.start] + suffix + text[_SUFFIX.stop :]
        return Bound(f"copied_{name}", text)
    return Bound(f"copied_{name}", value) if isinstance(value, Decimal) else None


def _number_serial(writing: Writing, item: Item) -> Item:
    """A row of iciqty: its serial is the item's next, its transaction number the IC counter's."""
    settings = writing.settings
    counter = counter_id("IC", settings)
    (rows,) = writing.transaction.read(
        statement("stock_counter", system=settings.system_database), {"stock_counter": counter}
    )
    if not rows:
        raise Misconfigured(
            f"The counter {counter} is not in {settings.system_database}..sysdata.",
            reason="no_counter",
            next_step="Correct company_id or system_database.",
        )
    count = int(rows[0][0]) + 1
    serial = str(int(item.nserial) + 1)
    batch = writing.batch()
    batch.add(
        statement("set_stock_counter", system=settings.system_database),
        stock_count=str(count),
        stock_counter=counter,
    )
    batch.add(statement("set_item_serial"), nserial=serial, item=item.item)
    row: dict[str, Given] = {
        "qserial": Bound("qserial", serial),
        "item": Bound("item", item.item),
        "loctid": Bound("loctid", settings.location),
        "qtranno": Bound("qtranno", padded(str(count))),
    }
    batch.insert(writing.table("iciqty"), [row | writing.stamp.columns()])
    writing.send(batch)
    return replace(item, qserial=serial)
