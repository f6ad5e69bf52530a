"""The sandbox company: customers, items, locations, counters, and the traps of real sites."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tillbridge_simulators.sagepro.column_types import fit
from tillbridge_simulators.sagepro.store import Store

COMPANY_ID = "05"
GUEST = "WEBGUEST"
LOCKED_CUSTOMER = "LOCKED01"
ITEM_WITHOUT_LOCATION = "TRAY-OAK"
PRODUCTS = {
    "TEA-EARL-100": ("Earl Grey, 100 bags", "12.50"),
    "TEA-MINT-50": ("Peppermint, 50 bags", "6.95"),
    "MUG-BLUE": ("Mug, blue", "9.90"),
    "MUG-WHITE": ("Mug, white", "9.90"),
    "KETTLE-1L": ("Kettle, 1 litre", "49.00"),
    "SCONE-MIX": ("Scone mix, 500 g", "5.25"),
    "JAM-STRAW": ("Strawberry jam", "4.80"),
    "HONEY-500": ("Honey, 500 g", "8.75"),
    "TOWEL-LINEN": ("Tea towel, linen", "14.00"),
    "SPOON-SILVER": ("Tea spoon, silver", "27.40"),
    "TRAY-OAK": ("Tray, oak", "38.00"),
    "GIFT-CARD-BOX": ("Gift card box", "2.50"),
}
"""SKU to description and list price; the other stand-ins sell the same."""
ITEM_LENGTH = 25
PSEUDO_ITEMS = {"SHIP-": "Freight", "DISCOUNT-": "Discount", "TAX-": "Sales tax"}


def seed(
    store: Store, *, currency: str = "USD", next_order: int = 10000, products: Sequence[str] = ()
) -> None:
    """Fills an empty store; `products` are sold beside those above."""
    for location, mask in (("MAIN", "000000100"), ("WEB", "000000200")):
        add(store, "icloct", loctid=location, locdesc=location, icactm=mask)
    add(store, "syccomp", compid=COMPANY_ID, currid=currency, company="Sandbox Trading Co.")
    for name, counter in (("SO", next_order), ("IC", 500)):
        add(store, "sysdata", sysid=f"{name}{COMPANY_ID}", int1=counter)
        add(store, f"{name.lower()}sysd", sysid=f"{name}{COMPANY_ID}", int1=counter)
    add(store, "sysdata", sysid="SO01", int1=77, pass2="D")
    _customers(store, currency)
    sold = {name: (name, "1.00") for name in products if len(name) <= ITEM_LENGTH} | PRODUCTS
    for number, (item, (title, price)) in enumerate(sold.items(), 1):
        _item(store, item, title, Decimal(price), number)
    for item, title in PSEUDO_ITEMS.items():
        add(
            store, "icitem", item=item, itmdesc=title, stkcode="N", sunmsid="EA", sumfact=1,
            nserial=1,
        )  # fmt: skip
        add(store, "iciloc", item=item, loctid="WEB", gllink="PSE")
        add(store, "iciqty", qserial="1", item=item, loctid="WEB")
    _earlier_orders(store, next_order)


def add(store: Store, table: str, **given: object) -> None:
    """One row; every column not given is blank, as Sage Pro keeps them."""
    database = store.system if table in ("sysdata", "syccomp") else store.company
    about = store.tables[database.lower(), table]
    values: Mapping[str, object] = {
        name: fit(given.get(name, ""), kind.text, f"{table}.{name}")
        for name, kind in about.columns.items()
        if name != about.identity
    }
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" for _ in values)
    store.rows(
        f'INSERT INTO "{database}"."{table}" ({names}) VALUES ({marks})',  # noqa: S608 (names from the schema)
        *values.values(),
    )


def _customers(store: Store, currency: str) -> None:
    terms: dict[str, object] = {
        "pterms": "Net 30",
        "pnet": 30,
        "gllink": "001",
        "salesmn": "WEB",
        "terr": "US",
        "currency": currency,
    }
    add(store, "arcust", custno=GUEST, company="Web guests", **terms)
    add(store, "arcust", custno="SM0001", company="Smith & Sons", **terms)
    add(
        store, "arcust", custno=LOCKED_CUSTOMER, company="Being edited", **terms,
        lckstat="L", lckuser="MARY",
    )  # fmt: skip


def _item(store: Store, item: str, title: str, price: Decimal, number: int) -> None:
    serials = 1 if item == ITEM_WITHOUT_LOCATION else 2
    add(
        store, "icitem", item=item, itmdesc=title, itmclss="SHOP", stkcode="Y", price=price,
        sunmsid="EA", sumfact=1, nserial=serials, taxcode="STD",
    )  # fmt: skip
    cost = (price / 2).quantize(Decimal("0.0001"))
    accounts = {"icacct": "140000100", "iclacct": "140500100", "rclacct": "210000100"}
    add(store, "iciloc", item=item, loctid="MAIN", slsdcst=cost, gllink="STK", **accounts)
    add(
        store, "iciqty", qserial="1", item=item, loctid="MAIN", qonhand=100, qtranno=f"{number:>10}"
    )
    if item == ITEM_WITHOUT_LOCATION:
        return
    add(store, "iciloc", item=item, loctid="WEB", slsdcst=cost, gllink="STK", **accounts)
    add(store, "iciqty", qserial="2", item=item, loctid="WEB", qonhand=40, qtranno=f"{number:>10}")


def _earlier_orders(store: Store, next_order: int) -> None:
    """Traps: a taken number just ahead of the counter, a void order, one closed into history."""
    taken, void, closed = next_order + 3, next_order - 1, next_order - 2
    add(store, "somast", sono=f"{taken:>10}", custno="SM0001", ponum="BY HAND", ordamt="10.00")
    add(store, "somast", sono=f"{void:>10}", custno="SM0001", ponum="VOIDED", sostat="V")
    add(store, "soymst", sono=f"{closed:>10}", custno="SM0001", ponum="LAST YEAR", sostat="C")
    add(store, "soymst", sono=f"{next_order + 5:>10}", custno="SM0001", ponum="OLD", sostat="C")
