"""Creating sales orders: once, whole, and to the cent.

Header, lines and, for a new customer, the account travel in one change set, and the order is read
back in the same POST. The header is created under our effect key with `If-None-Match: *`: it can
neither exist twice nor be overwritten, and an answer that was lost is found by sending again.
"""

from decimal import Decimal
from typing import Any

from tillbridge.canonical.currencies import exponent_of
from tillbridge.canonical.errors import (
    Misconfigured,
    Place,
    Rejected,
    TillbridgeError,
    Transient,
    Unreconciled,
)
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import Fields
from tillbridge_dynamics365.accounts import Accounts
from tillbridge_dynamics365.batch import ChangeSet, Part
from tillbridge_dynamics365.columns import Columns
from tillbridge_dynamics365.custom_values import wire_values
from tillbridge_dynamics365.errors import DUPLICATE_KEY, ROW_MISSING
from tillbridge_dynamics365.live_shapes import ORDERS
from tillbridge_dynamics365.names import Names
from tillbridge_dynamics365.odata import by_id, by_key
from tillbridge_dynamics365.order_shape import OrderLine, SalesOrder, read_sales_order
from tillbridge_dynamics365.order_state import (
    ACTIVE,
    SELECTED,
    OrderState,
    find_order,
    orders_numbered,
    read_state,
)
from tillbridge_dynamics365.reference_rows import Currency, Product, ReferenceRows
from tillbridge_dynamics365.web_api import WebApi

ATTEMPTS_MAX = 3
"""One try; one more when the account turns out to be there or not; one more for stale ids."""
NOT_FOUND = 404
_CREATE_ONLY = {"If-None-Match": "*"}


class SalesOrders:
    """Writes and reads sales orders of one organization."""

    def __init__(
        self,
        web_api: WebApi,
        names: Names,
        accounts: Accounts,
        reference_rows: ReferenceRows,
        columns: Columns,
        *,
        hold_status: int,
    ) -> None:
        self._web_api = web_api
        self._names = names
        self._accounts = accounts
        self._reference_rows = reference_rows
        self._columns = columns
        self._hold_status = hold_status

    async def create(self, call: Call, fields: Fields) -> Receipt:
        """The order of this effect: created now, or found because it already was.

        Raises:
            Unreconciled: Dynamics computed another total; the order was put on hold.
            Rejected: an unknown product, or a value Dynamics refuses. Nothing was created.
            Misconfigured: the currency or price list is missing. Nothing was created.
        """
        order = read_sales_order(fields)
        state = await self._create(call, order)
        if state.total != order.total.amount:
            await self._hold(call, order, state)
            raise Unreconciled(
                f"Dynamics computed {state.total:f} {order.currency} for the order"
                f" {order.number}; it must come to {order.total.text} {order.currency}.",
                reason="totals_differ",
                next_step="The order is on hold in Dynamics: correct its lines, tax or freight"
                " there, then send it again.",
            )
        return state.receipt(self._web_api.connection, self._hold_status)

    async def look_up(self, call: Call, fields: Fields) -> Receipt:
        """The order by number: `found` is "yes" with its fields, or "no"."""
        if fields.get("salesorderid"):
            found = [await find_order(self._web_api, call, fields)]
        else:
            number = str(fields.get("ordernumber") or "")
            found = await orders_numbered(self._web_api, call, number)
        if len(found) != 1:
            return Receipt(fields={"found": "no" if not found else "several"})
        receipt = found[0].receipt(self._web_api.connection, self._hold_status)
        return Receipt(receipt.references, {"found": "yes", **receipt.fields})

    async def _create(self, call: Call, order: SalesOrder) -> OrderState:
        refused: TillbridgeError | None = None
        for _ in range(ATTEMPTS_MAX):
            creates_account = not self._accounts.knows(order.buyer)
            parts = await self._parts(call, order, creates_account=creates_account)
            written, found = await self._web_api.batch(call, parts, write=True)
            if found.status == 200:
                self._accounts.remember(order.buyer)
                return read_state(found.row())
            if written.done or (written.code == DUPLICATE_KEY and found.status != NOT_FOUND):
                raise self._unfinished(order, f"reading it was refused with {found.status}.")
            refused = self._web_api.refused(f"The order {order.number}", written, write=True)
            if written.code == DUPLICATE_KEY and creates_account:
                self._accounts.remember(order.buyer)
            elif written.code == ROW_MISSING:
                self._accounts.forget(order.buyer)
                self._reference_rows.forget()
            else:
                break
        assert refused is not None, "the loop ran"
        raise refused

    async def _parts(
        self, call: Call, order: SalesOrder, *, creates_account: bool
    ) -> list[Part | ChangeSet]:
        currency = await self._reference_rows.currency(call, order.currency)
        _check_precision(order, currency)
        price_list_id = await self._reference_rows.price_list_id(call, order.currency)
        products = await self._reference_rows.products(
            call, (line.product for line in order.lines if line.product)
        )
        address = by_key("salesorders", self._names.effect_key, call.key)
        header = self._header(order)
        if order.custom:
            columns = await self._columns.of(call, ORDERS)
            header |= wire_values(order.custom, columns, order.currency)
        header |= {
            "customerid_account@odata.bind": await self._accounts.reference(call, order.buyer),
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency.id})",
            "pricelevelid@odata.bind": f"/pricelevels({price_list_id})",
        }
        changes = [self._accounts.creation(order.buyer)] if creates_account else []
        changes.append(Part("PATCH", address, header, _CREATE_ONLY))
        changes += [
            Part("POST", "salesorderdetails", line | {"salesorderid@odata.bind": f"/{address}"})
            for line in _lines(order, products)
        ]
        return [ChangeSet(changes), Part("GET", f"{address}?{SELECTED}")]

    def _header(self, order: SalesOrder) -> dict[str, Any]:
        header: dict[str, Any] = {
            "ordernumber": order.number,
            "name": order.name,
            "ispricelocked": False,
            "freightamount": order.freight.amount,
            "discountamount": order.discount.amount,
            **order.texts,
        }
        if order.payment_id:
            header[self._names.payment_id] = order.payment_id
        if order.external_order:
            header[self._names.external_order] = order.external_order
        if order.hold:
            header["statuscode"] = self._hold_status
        return header

    async def _hold(self, call: Call, order: SalesOrder, state: OrderState) -> None:
        if state.state != ACTIVE or state.status == self._hold_status:
            return
        change = Part(
            "PATCH",
            by_id("salesorders", state.id),
            {"statuscode": self._hold_status},
            {"If-Match": "*"},
        )
        try:
            (answer,) = await self._web_api.batch(call, [change], write=True)
        except Transient as error:
            raise self._unfinished(order, f"putting it on hold broke: {error.message}") from error
        if not answer.done:
            raise self._web_api.refused(f"The hold of the order {order.number}", answer, write=True)

    def _unfinished(self, order: SalesOrder, what: str) -> TillbridgeError:
        """The order exists, but more has to be done: sending again will find it and do that."""
        return Transient(
            f"{self._web_api.connection}: the order {order.number} is there, but {what}",
            sent="perhaps",
            reason="unfinished",
        )


def _lines(order: SalesOrder, products: dict[str, Product]) -> list[dict[str, Any]]:
    lines = [_line(line, products) for line in order.lines]
    if order.untaxed:
        lines.append(_write_in("Tax not on a line", Decimal(1), Decimal(0), order.untaxed.amount))
    if order.rounding:
        # A price below zero is refused by some organizations; a quantity below zero is not.
        sign = Decimal(1 if order.rounding.amount > 0 else -1)
        lines.append(_write_in("Rounding", sign, abs(order.rounding.amount), Decimal(0)))
    for number, line in enumerate(lines, 1):
        line["lineitemnumber"] = number
    return lines


def _line(line: OrderLine, products: dict[str, Product]) -> dict[str, Any]:
    body = _write_in(line.description, line.quantity, line.price, line.tax.amount)
    if line.discount:
        body["manualdiscountamount"] = line.discount.amount
    if line.product:
        product = products[line.product]
        body["isproductoverridden"] = False
        body["productid@odata.bind"] = f"/products({product.id})"
        body["uomid@odata.bind"] = f"/uoms({product.unit_id})"
        if not line.description:
            del body["productdescription"]
    return body


def _write_in(description: str, quantity: Decimal, price: Decimal, tax: Decimal) -> dict[str, Any]:
    return {
        "isproductoverridden": True,
        "productdescription": description,
        "quantity": quantity,
        "priceperunit": price,
        "ispriceoverridden": True,
        "tax": tax,
    }


def _check_precision(order: SalesOrder, currency: Currency) -> None:
    """Dynamics would round silently what it cannot hold; nothing is sent then."""
    needed = exponent_of(order.currency)
    if currency.precision < needed:
        raise Misconfigured(
            f"Dynamics keeps {currency.precision} decimals of {order.currency}; its amounts"
            f" have {needed}.",
            reason="currency_precision",
            next_step=f"Set the precision of {order.currency} to {needed} in Dynamics.",
        )
    for number, line in enumerate(order.lines, 1):
        digits = -int(line.price.normalize().as_tuple().exponent)
        if digits > currency.precision:
            raise Rejected(
                f"The price {line.price:f} {order.currency} of line {number} has {digits}"
                f" decimals; Dynamics keeps {currency.precision}.",
                reason="price_precision",
                place=Place(field=f"lines[{number - 1}].priceperunit"),
                next_step=f"Raise the precision of {order.currency} in Dynamics, or map the line"
                " as one piece at its whole amount.",
            )
