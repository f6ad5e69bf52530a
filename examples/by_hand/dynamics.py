"""Dynamics 365, as the script calls it: sales orders, their holds, captures beside them."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp

from cybersource import wire_key

ON_HOLD, NEW, NO_MONEY = 2, 1, 4
CAPTURE, APPROVED = 727_000_002, 727_000_000


class Dynamics:
    """One organization. `products` and `methods` are the two tables of codes."""

    def __init__(
        self,
        settings: Mapping[str, str],
        http: aiohttp.ClientSession,
        products: Mapping[str, str],
        methods: Mapping[str, str],
    ) -> None:
        self.settings = settings
        self.http = http
        self.products = products
        self.methods = methods
        self.token, self.token_until = "", 0.0

    async def book(
        self, order: Mapping[str, Any], payment_id: str, attempt: str, *, hold: bool
    ) -> str:
        """The sales order, field by field; answers its id."""
        number = order["number"]
        currency = await self.row_id(
            "transactioncurrencies", "transactioncurrencyid", "isocurrencycode", order["currency"]
        )
        price_list = await self.row_id(
            "pricelevels", "pricelevelid", "name", f"Web {order['currency']}"
        )
        document: dict[str, Any] = {
            "ordernumber": number,
            "name": f"Web order {number}",
            "tb_externalorder": number,
            "tb_paymentid": payment_id,
            "tb_effectkey": wire_key(f"sales order {number} {attempt}"),
            "ispricelocked": False,
            "freightamount": Decimal(order.get("freight") or 0),
            "discountamount": Decimal(order.get("discount") or 0),
            "customerid_account@odata.bind": await self.account(order["customer"]),
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency})",
            "pricelevelid@odata.bind": f"/pricelevels({price_list})",
            **address("shipto", order["shipping"]),
            **address("billto", order["billing"]),
        }
        if order.get("custom", {}).get("note"):
            document["description"] = order["custom"]["note"]
        if order["customer"].get("email"):
            document["emailaddress"] = order["customer"]["email"]
        if hold:
            document["statuscode"] = ON_HOLD
        lines = await self.lines(order)
        made = await self.call("POST", "salesorders", document)
        sales_order = f"salesorders({made['salesorderid']})"
        for line in lines:
            line["salesorderid@odata.bind"] = f"/{sales_order}"
            await self.call("POST", "salesorderdetails", line)
        booked = await self.call("GET", f"{sales_order}?$select=totalamount", None)
        if Decimal(booked["totalamount"]) != Decimal(order["total"]):
            raise RuntimeError(f"Dynamics computed {booked['totalamount']} for {number}")
        return str(made["salesorderid"])

    async def lines(self, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        lines = []
        for line in order["lines"]:
            if line["product"] not in self.products:
                raise RuntimeError(f"No product {line['product']!r} in the table")
            number = self.products[line["product"]]
            product = await self.row_id("products", "productid", "productnumber", number)
            unit = await self.row_id("uoms", "uomid", "name", "Primary Unit")
            lines.append(
                {
                    "productid@odata.bind": f"/products({product})",
                    "uomid@odata.bind": f"/uoms({unit})",
                    "quantity": Decimal(line["quantity"]),
                    "ispriceoverridden": True,
                    "priceperunit": Decimal(line["unit_price"]),
                    "manualdiscountamount": Decimal(line.get("discount") or 0),
                    "tax": Decimal(line.get("tax") or 0),
                }
            )
        taxed = sum((Decimal(line.get("tax") or 0) for line in order["lines"]), Decimal(0))
        untaxed = Decimal(order.get("tax") or 0) - taxed
        rounding = Decimal(order.get("rounding") or 0)
        if untaxed:
            lines.append(write_in("Tax not on a line", Decimal(1), Decimal(0), untaxed))
        if rounding:
            sign = Decimal(1 if rounding > 0 else -1)
            lines.append(write_in("Rounding", sign, abs(rounding), Decimal(0)))
        return lines

    async def account(self, customer: Mapping[str, str]) -> str:
        if not customer.get("id"):
            return f"/accounts({await self.row_id('accounts', 'accountid', 'name', 'Web guests')})"
        path = f"accounts(tb_shopcustomer='{customer['id']}')"
        await self.call(
            "PATCH",
            path,
            {"name": customer["name"], "emailaddress1": customer.get("email", "")},
        )
        return f"/{path}"

    async def note_capture(
        self, known: Mapping[str, Any], order: Mapping[str, Any], request_id: str, due: Decimal,
        fulfilment: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """A payment transaction beside the sales order."""
        moment = fulfilment.get("shipped_at") or datetime.now(UTC).isoformat(timespec="seconds")
        await self.call(
            "PATCH",
            f"tb_paymenttransactions(tb_requestid='{request_id}')",
            {
                "tb_name": f"capture {order['number']}",
                "tb_type": CAPTURE,
                "tb_status": APPROVED,
                "tb_amountexact": due,
                "tb_parentrequestid": known["payment_id"],
                "tb_merchantreference": order["number"],
                "tb_paymentmethod": self.methods.get(known["brand"], known["brand"]),
                "tb_amount": due,
                "tb_isocurrency": order["currency"],
                "tb_submittimeutc": moment.replace("+00:00", "Z"),
                "tb_SalesOrderId@odata.bind": f"/salesorders({known['sales_order_id']})",
            },
        )

    async def row_id(self, table: str, key: str, column: str, value: str) -> str:
        escaped = value.replace("'", "''")
        rows = await self.call(
            "GET", f"{table}?$select={key}&$filter={column} eq '{escaped}'", None
        )
        if len(rows["value"]) != 1:
            raise RuntimeError(f"{len(rows['value'])} rows of {table} have {column} {value!r}")
        return str(rows["value"][0][key])

    async def release(self, sales_order_id: str) -> None:
        """From hold to new."""
        await self.call(
            "PATCH", f"salesorders({sales_order_id})", {"statecode": 0, "statuscode": NEW}
        )

    async def cancel(self, sales_order_id: str, why: str) -> None:
        """Cancels the sales order."""
        close = {
            "@odata.type": "Microsoft.Dynamics.CRM.orderclose",
            "subject": why,
            "salesorderid@odata.bind": f"/salesorders({sales_order_id})",
        }
        await self.call("POST", "CancelSalesOrder", {"OrderClose": close, "Status": NO_MONEY})

    async def call(self, method: str, path: str, document: object) -> Any:
        """One request with a token; raises for anything but success."""
        if time.time() > self.token_until:
            await self.sign_in()
        headers = {
            "authorization": f"Bearer {self.token}",
            "content-type": "application/json",
            "prefer": "return=representation",
            "odata-version": "4.0",
            "odata-maxversion": "4.0",
        }
        body = None if document is None else json.dumps(document, default=float)
        url = f"{self.settings['url']}/api/data/v9.2/{path}"
        async with self.http.request(method, url, data=body, headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path} answered {answer.status}: {text}")
            return json.loads(text, parse_float=Decimal) if text else None

    async def sign_in(self) -> None:
        """A token of the client credentials flow."""
        settings = self.settings
        form = {
            "grant_type": "client_credentials",
            "client_id": settings["client_id"],
            "client_secret": settings["client_secret"],
            "scope": f"{settings['url']}/.default",
        }
        url = f"{settings['authority']}/{settings['tenant']}/oauth2/v2.0/token"
        async with self.http.post(url, data=form) as answer:
            reply = await answer.json()
        self.token = reply["access_token"]
        self.token_until = time.time() + int(reply["expires_in"]) - 60


def write_in(name: str, quantity: Decimal, price: Decimal, tax: Decimal) -> dict[str, Any]:
    """A line without a product."""
    return {
        "isproductoverridden": True,
        "productdescription": name,
        "quantity": quantity,
        "priceperunit": price,
        "tax": tax,
    }


def address(prefix: str, posted: Mapping[str, str]) -> dict[str, str]:
    """shipto_ or billto_ columns; what is empty is left out."""
    name = " ".join(part for part in (posted.get("first_name"), posted.get("last_name")) if part)
    found = {
        "name": name,
        "line1": posted.get("line1", ""),
        "line2": posted.get("line2", ""),
        "city": posted.get("city", ""),
        "stateorprovince": posted.get("region", ""),
        "postalcode": posted.get("postal_code", ""),
        "country": posted.get("country", ""),
    }
    if prefix == "shipto":
        found["telephone"] = posted.get("phone", "")
    return {f"{prefix}_{column}": value for column, value in found.items() if value}
