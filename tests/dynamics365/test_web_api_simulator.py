"""The simulator itself: strict where the real Web API is."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tillbridge_simulators.dynamics365 import PRODUCTS, DataverseSimulator
from tillbridge_simulators.dynamics365.standard_tables import ON_HOLD

ORDERS = "/api/data/v9.2/salesorders"


class Client:
    """A signed-in client without any of our connector's code."""

    def __init__(self, simulator: DataverseSimulator, http: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self._http = http

    async def sign_in(self) -> None:
        form = {
            "client_id": self.simulator.sign_in.client_id,
            "client_secret": self.simulator.sign_in.client_secret,
            "grant_type": "client_credentials",
            "scope": f"{self.simulator.url}/.default",
        }
        path = f"{self.simulator.url}/{self.simulator.sign_in.tenant}/oauth2/v2.0/token"
        async with self._http.post(path, data=form) as answer:
            token = (await answer.json())["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.simulator.url + path
        async with self._http.request(method, url, json=body, headers=named) as answer:
            text = await answer.text()
            content = await answer.json(content_type=None) if text.startswith("{") else text
            return answer.status, content, dict(answer.headers)

    async def batch(self, text: str) -> tuple[int, str]:
        headers = {"Content-Type": 'multipart/mixed; boundary="b1"'}
        url = f"{self.simulator.url}/api/data/v9.2/$batch"
        async with self._http.post(url, data=text.encode(), headers=headers) as answer:
            return answer.status, await answer.text()

    async def id_of(self, set_name: str, condition: str) -> str:
        _, found, _ = await self.ask("GET", f"/api/data/v9.2/{set_name}?$filter={condition}")
        row = found["value"][0]
        return str(next(value for name, value in row.items() if name.endswith("id")))

    async def order_body(self, **changed: object) -> dict[str, object]:
        currency = await self.id_of("transactioncurrencies", "isocurrencycode eq 'USD'")
        price_list = await self.id_of("pricelevels", "name eq 'Web USD'")
        account = await self.id_of("accounts", "name eq 'Web guests'")
        return {
            "name": "Order",
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency})",
            "pricelevelid@odata.bind": f"/pricelevels({price_list})",
            "customerid_account@odata.bind": f"/accounts({account})",
        } | changed

    async def order(self, **changed: object) -> str:
        body = await self.order_body(**changed)
        status, _, headers = await self.ask("POST", ORDERS, body)
        assert status == 204
        return headers["OData-EntityId"].rsplit("(", 1)[1].rstrip(")")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    simulator = DataverseSimulator()
    await simulator.start()
    async with aiohttp.ClientSession() as http:
        client = Client(simulator, http)
        await client.sign_in()
        yield client
    await simulator.stop()


def write_in(order: str, **changed: object) -> dict[str, object]:
    return {
        "salesorderid@odata.bind": order,
        "isproductoverridden": True,
        "productdescription": "Thing",
        "quantity": 2,
        "priceperunit": 1.125,
    } | changed


async def test_totals_are_computed_and_a_sent_total_is_ignored(client: Client) -> None:
    order_id = await client.order(totalamount=999, freightamount=5, discountamount=1)
    line = write_in(f"/salesorders({order_id})", tax=0.5, manualdiscountamount=0.25)
    assert (await client.ask("POST", "/api/data/v9.2/salesorderdetails", line))[0] == 204
    _, order, _ = await client.ask("GET", f"{ORDERS}({order_id})")
    # The price is kept with two decimals (1.13): 2 x 1.13 - 0.25 - 1 + 5 + 0.5.
    assert (order["totallineitemamount"], order["totaltax"]) == (2.01, 0.5)
    assert order["totalamount"] == 6.51


async def test_a_price_comes_from_the_price_list_unless_it_is_overridden(client: Client) -> None:
    order_id = await client.order()
    product = await client.id_of("products", f"productnumber eq '{PRODUCTS[0].number}'")
    unit = await client.id_of("uoms", "name eq 'Primary Unit'")
    line = {
        "salesorderid@odata.bind": f"/salesorders({order_id})",
        "productid@odata.bind": f"/products({product})",
        "uomid@odata.bind": f"/uoms({unit})",
        "quantity": 1,
        "priceperunit": 1,
    }
    await client.ask("POST", "/api/data/v9.2/salesorderdetails", line)
    await client.ask("POST", "/api/data/v9.2/salesorderdetails", line | {"ispriceoverridden": True})
    _, order, _ = await client.ask(
        "GET", f"{ORDERS}({order_id})?$expand=order_details($select=priceperunit)"
    )
    prices = [line["priceperunit"] for line in order["order_details"]]
    assert [Decimal(str(price)) for price in prices] == [PRODUCTS[0].price, Decimal(1)]


async def test_a_change_set_is_all_or_nothing_and_refers_by_content_id(client: Client) -> None:
    body = await client.order_body(name="Together")
    text = _change_set(body, write_in("$1"))
    status, answer = await client.batch(text)
    assert status == 200
    assert "changesetresponse_" in answer
    _, found, _ = await client.ask(
        "GET", f"{ORDERS}?$filter=name eq 'Together'&$select=totalamount"
    )
    assert [row["totalamount"] for row in found["value"]] == [2.26]

    status, answer = await client.batch(
        _change_set(body | {"name": "Half"}, write_in("$1", quantity=None))
    )
    assert status == 400
    _, found, _ = await client.ask("GET", f"{ORDERS}?$filter=name eq 'Half'")
    assert found["value"] == []
    assert [entry.facts["lines"] for entry in client.simulator.log.entries("sales_order")] == [1]


async def test_an_undeclared_content_id_is_refused(client: Client) -> None:
    body = await client.order_body()
    _, answer = await client.batch(_change_set(body, write_in("$7")))
    assert "Content-ID Reference: '$7' does not exist in the batch context." in answer


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"statecode": 2, "statuscode": 4}, "0x80040203"),
        ({"statecode": 0, "statuscode": 3}, "0x80048408"),
        ({"statuscode": ON_HOLD}, "0x80048408"),
        ({"nosuchcolumn": 1}, "0x80048d19"),
        ({"customerid": "x"}, "0x80048d19"),
        ({"name": "x" * 301}, "0x80044331"),
        ({"freightamount": "5.00"}, "0x80048d19"),
    ],
)
async def test_a_bad_change_is_refused_with_its_code(
    client: Client, change: dict[str, object], code: str
) -> None:
    order_id = await client.order()
    status, answer, _ = await client.ask("PATCH", f"{ORDERS}({order_id})", change)
    assert (status, answer["error"]["code"]) == (400, code)


async def test_a_fulfilled_order_is_read_only(client: Client) -> None:
    order_id = await client.order()
    close = {"subject": "Done", "salesorderid@odata.bind": f"/salesorders({order_id})"}
    body = {"OrderClose": close, "Status": -1}
    path = f"{ORDERS}/Microsoft.Dynamics.CRM.FulfillSalesOrder"
    assert (await client.ask("POST", path, body))[0] == 204
    _, answer, _ = await client.ask("PATCH", f"{ORDERS}({order_id})", {"name": "Other"})
    assert answer["error"]["message"] == "Cannot Update a Read-Only Entity"
    assert (await client.ask("POST", "/api/data/v9.2/CancelSalesOrder", body))[0] == 400


async def test_versions_guard_changes_and_patch_creates_unless_forbidden(client: Client) -> None:
    order_id = await client.order()
    _, order, _ = await client.ask("GET", f"{ORDERS}({order_id})?$select=name")
    tag = order["@odata.etag"]
    path = f"{ORDERS}({order_id})"
    assert (await client.ask("PATCH", path, {"name": "A"}, If_Match=tag))[0] == 204
    status, answer, _ = await client.ask("PATCH", path, {"name": "B"}, If_Match=tag)
    assert (status, answer["error"]["code"]) == (412, "0x80060882")
    status, answer, _ = await client.ask("PATCH", path, {"name": "B"}, If_None_Match="*")
    assert (status, answer["error"]["code"]) == (412, "0x80040237")
    other = f"/api/data/v9.2/accounts({order_id})"
    assert (await client.ask("PATCH", other, {"name": "C"}, If_Match="*"))[0] == 404
    status, _, _ = await client.ask("PATCH", other, {"name": "C"}, Prefer="return=representation")
    assert status == 201


async def test_a_line_in_another_currency_is_refused(client: Client) -> None:
    order_id = await client.order()
    euro = await client.id_of("transactioncurrencies", "isocurrencycode eq 'EUR'")
    line = write_in(
        f"/salesorders({order_id})",
        **{"transactioncurrencyid@odata.bind": f"/transactioncurrencies({euro})"},
    )
    _, answer, _ = await client.ask("POST", "/api/data/v9.2/salesorderdetails", line)
    assert answer["error"]["code"] == "0x80048cea"


async def test_without_a_token_the_answer_says_where_to_sign_in(client: Client) -> None:
    status, _, headers = await client.ask("GET", "/api/data/v9.2/WhoAmI", Authorization="Bearer x")
    assert status == 401
    assert f"{client.simulator.url}/contoso/oauth2/authorize" in headers["WWW-Authenticate"]
    path = "/contoso/v2.0/.well-known/openid-configuration"
    _, answer, _ = await client.ask("GET", path)
    assert answer["token_endpoint"] == f"{client.simulator.url}/contoso/oauth2/v2.0/token"


async def test_a_logical_name_is_not_a_set_name(client: Client) -> None:
    status, answer, _ = await client.ask("GET", "/api/data/v9.2/salesorder")
    assert (status, answer["error"]["code"]) == (404, "0x80060888")


async def test_queries_filter_order_and_count(client: Client) -> None:
    _, answer, _ = await client.ask(
        "GET",
        "/api/data/v9.0/products?%24select=productnumber&$count=true&$top=2"
        "&$orderby=productnumber desc"
        "&$filter=(startswith(productnumber,'tea-') or contains(name,'MUG')) and statecode eq 0",
    )
    assert answer["@odata.count"] == 4
    assert [row["productnumber"] for row in answer["value"]] == ["TEA-MINT-50", "TEA-EARL-100"]


async def test_it_can_be_steered_over_http(client: Client) -> None:
    rules = {"rules": [{"operation": "read", "fault": {"kind": "refuse", "status": 503}}]}
    assert (await client.ask("POST", "/_simulator/faults", rules))[0] == 204
    assert (await client.ask("GET", "/api/data/v9.2/accounts"))[0] == 503
    assert (await client.ask("POST", "/_simulator/faults", {"rules": []}))[0] == 204
    order_id = await client.order(ordernumber="77")
    _, state, _ = await client.ask("GET", "/_simulator/state")
    assert [order["id"] for order in state["sales_orders"]] == [order_id]
    _, log, _ = await client.ask("GET", "/_simulator/log?after=1")
    assert '"sales_order"' in log


def _change_set(order: dict[str, object], line: dict[str, object]) -> str:
    parts = []
    for number, (set_name, body) in enumerate(
        (("salesorders", order), ("salesorderdetails", line))
    ):
        parts.append(
            "--c1\nContent-Type: application/http\nContent-Transfer-Encoding: binary\n"
            f"Content-ID: {number + 1}\n\nPOST /api/data/v9.2/{set_name} HTTP/1.1\n"
            f"Content-Type: application/json;type=entry\n\n{_json(body)}\n"
        )
    return (
        "--b1\nContent-Type: multipart/mixed; boundary=c1\n\n" + "".join(parts) + "--c1--\n--b1--\n"
    )


def _json(body: dict[str, object]) -> str:
    return aiohttp.payload.JsonPayload(body).decode()
