"""What a corporate card's issuer wants to know goes with all that is sent of a company's order."""

from pathlib import Path
from typing import Any

from tests.journeys.test_refunds import ask_back, parcel
from tests.journeys.town import Town, open_town, order_document, till

from tillbridge_simulators.cybersource.options import Options

COMPANYS, SHOPPERS = "8101", "8102"
MUG = {
    "productCode": "MUG-BLUE",
    "productName": "Mug",
    "unitOfMeasure": "EA",
    "commodityCode": "52152100",
    "unitPrice": "12.50",
}


def authorizing_by_mapping(folder: Path) -> None:
    """The shop's checkouts are authorized by the template's mapping."""
    path = folder / "tillbridge.yaml"
    named = "pays_through: cybersource\n    authorizes_with: cybersource-authorization\n"
    path.write_text(path.read_text().replace("pays_through: cybersource\n", named))


def written_down(town: Town) -> list[dict[str, Any]]:
    """From now on, what is sent to Cybersource."""
    sent: list[dict[str, Any]] = []
    for house in (town.desk, town.house):
        exchange: Any = house.connections["cybersource"].session
        exchange = exchange._exchange
        exchange.write = noting(exchange.write, sent)
    return sent


def noting(write: Any, sent: list[dict[str, Any]]) -> Any:
    async def writes(call: Any, path: str, document: Any) -> Any:
        sent.append(document)
        return await write(call, path, document)

    return writes


def of(order: str, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        one["orderInformation"]
        for one in sent
        if one["clientReferenceInformation"]["code"] == order
    ]


async def test_level_data_goes_with_hold_captures_and_refunds_and_only_where_it_is_wanted(
    tmp_path: Path, dsn: str
) -> None:
    options, settings = Options(partial_captures=True), {"partial_captures": "yes"}
    async with (
        open_town(
            tmp_path, dsn, options=options, settings=settings, extend=authorizing_by_mapping
        ) as town,
        till(town) as shop,
    ):
        sent = written_down(town)
        await shop.pay(order_document(COMPANYS) | {"custom": {"purchase_order": "PO-77"}})
        await shop.pay(order_document(SHOPPERS))
        await parcel(shop, COMPANYS, "1", "20.00", lines=[{"number": 1, "quantity": "1"}])
        await town.quiet()
        await parcel(shop, COMPANYS, "2", "11.95", last=True)
        await shop.ship(SHOPPERS)
        await town.quiet()
        for order in (COMPANYS, SHOPPERS):
            await ask_back(shop, order)
        await town.quiet()

        held, first, second, *back = of(COMPANYS, sent)
        assert held["amountDetails"]["taxAmount"] == "1.95"
        whole = {"quantity": 2, "taxAmount": "0.00", "discountAmount": "0.00"}
        assert held["lineItems"] == [MUG | whole | {"totalAmount": "25.00"}]
        sums = [(one["amountDetails"]["taxAmount"], one["amountDetails"]["freightAmount"])
                for one in (first, second, *back)]  # fmt: skip
        assert sums == [("1.22", "3.13"), ("0.73", "1.87")] * 2
        assert [one.get("lineItems") for one in (first, second, *back)] == [
            [MUG | {"quantity": 1}], None, None, None,
        ]  # fmt: skip
        for one in (held, first, second, *back):
            assert one["invoiceDetails"] == {"purchaseOrderNumber": "PO-77"}
        ordinary = of(SHOPPERS, sent)
        assert len(ordinary) == 3
        assert not any("invoiceDetails" in one for one in ordinary)
        assert "taxAmount" not in ordinary[1]["amountDetails"]
        assert not list(town.cybersource.log.entries("unknown_fields"))
