"""Rows that orders refer to: currencies, price lists, products, the guests' account.

They are read once and remembered for `reference_life_s`: an order then costs no read of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.connector.abilities import Call
from tillbridge.connector.connector import Clock
from tillbridge_dynamics365.odata import quoted
from tillbridge_dynamics365.settings import DynamicsSettings
from tillbridge_dynamics365.web_api import WebApi

PRODUCTS_A_READ = 40
"""Product numbers in one filter; an address has at most 32,768 characters."""


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency of the organization; `precision` is how many decimals it keeps."""

    id: str
    code: str
    precision: int


@dataclass(frozen=True, slots=True)
class Product:
    """An active product and the unit it is sold in."""

    id: str
    unit_id: str


@dataclass(slots=True)
class _Remembered:
    until: datetime
    currencies: dict[str, Currency] = field(default_factory=dict)
    price_lists: dict[str, str] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    guest_account_id: str = ""


class ReferenceRows:
    """Ids by the names people use."""

    def __init__(self, web_api: WebApi, settings: DynamicsSettings, clock: Clock) -> None:
        self._web_api = web_api
        self._settings = settings
        self._clock = clock
        self._remembered = _Remembered(clock())

    def forget(self) -> None:
        """After a row was found missing: read everything anew."""
        self._remembered = _Remembered(self._clock())

    async def currency(self, call: Call, code: str) -> Currency:
        """Raises Misconfigured when the organization does not have it."""
        currencies = await self.currencies(call)
        if code not in currencies:
            raise Misconfigured(
                f"{self._web_api.connection}: the currency {code} is not set up.",
                reason="currency_missing",
                next_step="Add it in Dynamics: Settings, Business management, Currencies.",
            )
        return currencies[code]

    async def currencies(self, call: Call) -> dict[str, Currency]:
        """Every active currency by its ISO code."""
        remembered = self._fresh()
        if not remembered.currencies:
            rows = await self._rows(
                call,
                "transactioncurrencies?$select=isocurrencycode,currencyprecision"
                "&$filter=statecode%20eq%200",
            )
            remembered.currencies = {
                row["isocurrencycode"]: Currency(
                    row["transactioncurrencyid"],
                    row["isocurrencycode"],
                    int(row["currencyprecision"]),
                )
                for row in rows
            }
        return remembered.currencies

    def price_list_name(self, code: str) -> str:
        """The name that the setting gives for a currency."""
        return self._settings.price_list.replace("{currency}", code)

    async def price_list_id(self, call: Call, code: str) -> str:
        """Raises Misconfigured when there is no such price list, or more than one."""
        remembered = self._fresh()
        found = remembered.price_lists.get(code)
        if found is None:
            name = self.price_list_name(code)
            rows = await self._rows(
                call, f"pricelevels?$select=pricelevelid&$filter=name%20eq%20{quoted(name)}"
            )
            found = self._only("price list", name, rows)["pricelevelid"]
            remembered.price_lists[code] = found
        return found

    async def products(self, call: Call, numbers: Iterable[str]) -> dict[str, Product]:
        """Products by number. Raises Rejected, naming those that are not there or not active."""
        remembered = self._fresh()
        wanted = dict.fromkeys(numbers)
        missing = [number for number in wanted if number not in remembered.products]
        for start in range(0, len(missing), PRODUCTS_A_READ):
            await self._read_products(call, remembered, missing[start : start + PRODUCTS_A_READ])
        unknown = [number for number in wanted if number not in remembered.products]
        if unknown:
            raise Rejected(
                f"{self._web_api.connection} has no active product {', '.join(unknown)}.",
                reason="unknown_product",
                place=Place(field="lines.productnumber"),
                next_step="Create or activate it in Dynamics, or add it to the lookup products.",
            )
        return {number: remembered.products[number] for number in wanted}

    async def guest_account_id(self, call: Call) -> str:
        """Raises Misconfigured when there is no such account, or more than one."""
        remembered = self._fresh()
        if not remembered.guest_account_id:
            name = self._settings.guest_account
            rows = await self.guest_accounts(call)
            remembered.guest_account_id = self._only("account", name, rows)["accountid"]
        return remembered.guest_account_id

    async def guest_accounts(self, call: Call) -> list[dict[str, Any]]:
        """The accounts that bear the guest account's name."""
        name = quoted(self._settings.guest_account)
        return await self._rows(
            call, f"accounts?$select=accountid&$filter=name%20eq%20{name}&$top=2"
        )

    async def _read_products(self, call: Call, remembered: _Remembered, numbers: list[str]) -> None:
        names = "%20or%20".join(f"productnumber%20eq%20{quoted(number)}" for number in numbers)
        rows = await self._rows(
            call,
            "products?$select=productnumber,_defaultuomid_value"
            f"&$filter=statecode%20eq%200%20and%20({names})",
        )
        spelled = {number.casefold(): number for number in numbers}
        for row in rows:
            number = spelled.get(str(row["productnumber"]).casefold())
            if number is not None:
                remembered.products[number] = Product(row["productid"], row["_defaultuomid_value"])

    async def _rows(self, call: Call, path: str) -> list[dict[str, Any]]:
        answer = await self._web_api.read(call, path)
        rows: list[dict[str, Any]] = answer["value"]
        return rows

    def _fresh(self) -> _Remembered:
        now = self._clock()
        if now >= self._remembered.until:
            life = timedelta(seconds=self._settings.reference_life_s)
            self._remembered = _Remembered(now + life)
        return self._remembered

    def _only(self, kind: str, name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        if len(rows) == 1:
            return rows[0]
        count = "no" if not rows else "more than one"
        raise Misconfigured(
            f"{self._web_api.connection} has {count} {kind} named {name!r}.",
            reason=f"{kind.replace(' ', '_')}_missing",
            next_step=f"Create or rename it in Dynamics, or name another {kind} in the settings.",
        )
