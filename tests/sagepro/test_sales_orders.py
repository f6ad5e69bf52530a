"""A sales order is written whole and to the cent, as Sage Pro's own order entry leaves it."""

from datetime import date

import pytest
from tests.sagepro.documents import PAYMENT_ID, line_of, sales_order, usd
from tests.sagepro.world import World, call_of, opened

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient, Unreconciled
from tillbridge.canonical.money import Money
from tillbridge.canonical.references import ExternalReference
from tillbridge_simulators.faults import Fault
from tillbridge_simulators.sagepro import SageProSimulator


async def test_an_order_has_its_lines_and_what_is_not_a_line_on_items_of_its_own(
    world: World,
) -> None:
    await world.write("sales_order", sales_order())
    (order,) = world.simulator.web_orders()
    assert order["ordamt"] == "81.9200"
    assert [(line["item"], line["extprice"]) for line in _lines(order)] == [
        ("TEA-EARL-100", "25.0000"),
        ("KETTLE-1L", "49.0000"),
        ("SHIP-", "5.0000"),
        ("DISCOUNT-", "-3.0000"),
        ("TAX-", "5.9200"),
    ]


async def test_the_receipt_names_the_order_and_its_customer(world: World) -> None:
    receipt = await world.write("sales_order", sales_order())
    assert receipt.references == (
        ExternalReference("sage", "sales_order", "10001"),
        ExternalReference("sage", "customer", "WEBGUEST"),
    )
    assert receipt.fields == {"sono": "10001", "custno": "WEBGUEST", "ordamt": "81.92"}


async def test_numbers_are_right_justified_and_codes_are_padded_upper_case(world: World) -> None:
    await world.write("sales_order", sales_order())
    assert world.rows("SELECT sono, custno, item, transeq FROM sotran WHERE tranlineno = 1") == [
        ("     10001", "WEBGUEST  ", "TEA-EARL-100".ljust(25), "   1")
    ]


async def test_a_line_takes_what_it_derives_from_item_location_and_customer(world: World) -> None:
    await world.write("sales_order", sales_order())
    (row,) = world.rows(
        "SELECT cost, tcost, glsale, glasst, isoclss, serial, umeasur, origqtyord, bprice,"
        " salesmn, loctid, stkcode, adduser FROM sotran WHERE tranlineno = 1"
    )
    assert [str(value).strip() for value in row] == [
        *("6.2500", "6.2500", "001", "STK", "SHOP", "2", "EA", "2.000", "12.5000"),
        *("WEB", "WEB", "Y", "TILL"),
    ]


async def test_a_header_takes_its_customers_terms_and_the_documents_dates(world: World) -> None:
    await world.write("sales_order", sales_order())
    (row,) = world.rows(
        "SELECT pterms, pnet, glarec, tosw, ordate, currid, exchrat, bordamt, release FROM somast"
        " WHERE websono = '1042'"
    )
    assert [str(value).strip() for value in row] == [
        *("Net 30", "30", "001", "X", "2026-03-04 00:00:00.000", "USD", "1.000", "81.9200", "Y"),
    ]


async def test_goods_go_to_the_ship_to_address(world: World) -> None:
    await world.write("sales_order", sales_order())
    (row,) = world.rows("SELECT adtype, company, address1, city FROM soaddr")
    assert [str(value).strip() for value in row] == [
        *("D", "Ada Byron", "12 St James's Sq", "London"),
    ]


async def test_the_customers_open_total_and_both_counters_move_along(world: World) -> None:
    await world.write("sales_order", sales_order())
    assert str(world.simulator.on_order("WEBGUEST")) == "81.9200"
    assert world.simulator.counter() == world.simulator.counter_mirror() == 10001


async def test_numbers_taken_by_hand_or_in_history_are_skipped(world: World) -> None:
    for at in range(6):
        await world.write("sales_order", sales_order(str(at)), f"KEY{at}")
    sonos = [order["sono"] for order in world.simulator.web_orders()]
    assert sonos == ["10001", "10002", "10004", "10006", "10007", "10008"]
    assert world.simulator.counter() == 10008


async def test_after_the_last_number_comes_one(world: World) -> None:
    world.rows("UPDATE sysdata SET int1 = '9999999999' WHERE sysid = 'SO05'")
    receipt = await world.write("sales_order", sales_order())
    assert receipt.fields["sono"] == "1"


async def test_rows_an_item_lacks_at_the_location_are_made(world: World) -> None:
    order = sales_order(
        lines=[line_of("TRAY-OAK", "1", "38.00")], total=usd("38.00"), tax=None,
        freight=None, discount=None,
    )  # fmt: skip
    await world.write("sales_order", order)
    made = world.rows(
        "SELECT icacct, slsdcst, lonhand FROM iciloc WHERE item = 'TRAY-OAK' AND loctid = 'WEB'"
    )
    assert [str(value).strip() for value in made[0]] == ["140000200", "19.0000", "0.000"]
    assert world.rows("SELECT qserial FROM iciqty WHERE item = 'TRAY-OAK' AND loctid = 'WEB'") == [
        ("2".ljust(20),)
    ]
    assert world.rows("SELECT int1 FROM icsysd") == [("501",)]
    assert world.rows("SELECT cost, serial, glasst FROM sotran") == [
        ("19.0000", "2".ljust(20), "STK")
    ]


async def test_a_line_discount_is_per_cent_and_its_rest_goes_to_the_discount_line(
    world: World,
) -> None:
    line = line_of("HONEY-500", "3", "1000.00", discount=usd("333.33"))
    order = sales_order(lines=[line], total=usd("2666.67"), tax=None, freight=None, discount=None)
    await world.write("sales_order", order)
    (found,) = world.simulator.web_orders()
    assert [(row["disc"], row["extprice"]) for row in _lines(found)] == [
        ("11.111", "2666.6700"),
    ]
    line = line_of("HONEY-500", "3", "5000.00", discount=usd("777.77"))
    second = sales_order("2") | {
        "lines": [line], "total": usd("14222.23"), "tax": None, "freight": None, "discount": None
    }  # fmt: skip
    await world.write("sales_order", second, "KEY2")
    found = world.simulator.web_orders()[1]
    assert [row["extprice"] for row in _lines(found)] == ["14222.2500", "-0.0200"]
    assert found["ordamt"] == "14222.2300"


async def test_tax_may_stand_in_the_header() -> None:
    async with opened(SageProSimulator(), tax_style="header") as world:
        await world.write("sales_order", sales_order())
        (order,) = world.simulator.web_orders()
        assert (order["tax"], order["ordamt"]) == ("5.9200", "81.9200")
        assert "TAX-" not in [line["item"] for line in _lines(order)]
        assert world.rows("SELECT taxsamt FROM somast WHERE websono = '1042'") == [("76.0000",)]


async def test_an_order_on_hold_is_not_released(world: World) -> None:
    await world.write("sales_order", sales_order(hold=True))
    assert world.simulator.web_orders()[0]["release"] == "N"


async def test_the_whole_payment_id_stands_beside_the_order(world: World) -> None:
    await world.write("sales_order", sales_order())
    (row,) = world.rows("SELECT docno, transaction_id, shop_ref, amount FROM ix_xref")
    assert [str(value).strip() for value in row] == ["10001", PAYMENT_ID, "1042", "81.9200"]


@pytest.mark.parametrize(("column", "kept"), [("sotrack", PAYMENT_ID), ("ref", "")])
async def test_the_payment_id_stands_on_the_order_where_there_is_room(
    column: str, kept: str
) -> None:
    async with opened(SageProSimulator(), payment_id_column=column) as world:
        await world.write("sales_order", sales_order())
        (row,) = world.rows(f"SELECT {column} FROM somast WHERE websono = '1042'")  # noqa: S608 - the test's own names
        assert str(row[0]).strip() == kept


async def test_a_sites_own_column_takes_a_custom_field_or_a_blank(world: World) -> None:
    await world.write("sales_order", sales_order(custom={"x_channel": "APP"}))
    await world.write("sales_order", sales_order("2"), "KEY2")
    rows = world.rows("SELECT x_channel FROM somast WHERE websono <> '' ORDER BY sono")
    assert [str(row[0]) for row in rows] == ["APP     ", "        "]


async def test_a_site_without_a_column_does_without_it() -> None:
    simulator = SageProSimulator()
    simulator.store.drop_column("somast", "shipcomp")
    simulator.store.drop_column("sotran", "tbprice")
    async with opened(simulator) as world:
        await world.write("sales_order", sales_order())
        assert len(simulator.web_orders()) == 1


async def test_an_unknown_item_is_refused_by_name(world: World) -> None:
    order = sales_order(lines=[line_of("NO-SUCH", "1", "76.00"), line_of("NOR-THIS", "1", "1.00")])
    with pytest.raises(Rejected, match="NO-SUCH, NOR-THIS"):
        await world.write("sales_order", order | {"total": usd("84.92")})
    _nothing_happened(world)


async def test_amounts_that_do_not_add_up_are_refused(world: World) -> None:
    with pytest.raises(Rejected, match=r"come to 81.92, but the total is 81.93"):
        await world.write("sales_order", sales_order(total=usd("81.93")))
    _nothing_happened(world)


async def test_another_currency_than_the_books_is_refused(world: World) -> None:
    order = sales_order(
        lines=[line_of("HONEY-500", "1", "10.00", "EUR")], total=Money.of("10.00", "EUR"),
        tax=None, freight=None, discount=None, rounding=None,
    )  # fmt: skip
    with pytest.raises(Rejected, match=r"EUR.*books are in USD"):
        await world.write("sales_order", order)


async def test_a_currency_of_more_decimals_than_the_site_keeps_is_refused() -> None:
    async with opened(SageProSimulator(currency="KWD")) as world:
        order = sales_order(
            lines=[line_of("HONEY-500", "1", "10.001", "KWD")], total=Money.of("10.001", "KWD"),
            tax=None, freight=None, discount=None, rounding=None,
        )  # fmt: skip
        with pytest.raises(Rejected, match="KWD has 3 decimals"):
            await world.write("sales_order", order)


async def test_text_that_cannot_be_held_is_refused_by_field_and_value(world: World) -> None:
    order = sales_order(shipto={"company": "Zoë Müller"})
    with pytest.raises(Rejected, match=r"soaddr.company is 'Zoë Müller'.*'ëü'") as caught:
        await world.write("sales_order", order)
    assert caught.value.place is not None
    _nothing_happened(world)


async def test_text_is_spelled_with_plain_letters_where_the_site_allows_it() -> None:
    async with opened(SageProSimulator(), transliterate=True) as world:
        await world.write("sales_order", sales_order(shipto={"company": "Zoë “Straße”"}))
        assert str(world.rows("SELECT company FROM soaddr")[0][0]).strip() == 'Zoe "Strasse"'
        with pytest.raises(Rejected, match="北京"):
            await world.write("sales_order", sales_order("2", shipto={"company": "北京"}), "KEY2")


async def test_a_site_of_code_page_1252_keeps_western_letters() -> None:
    async with opened(SageProSimulator(), characters="cp1252") as world:
        await world.write("sales_order", sales_order(shipto={"company": "Zoë"}))
        assert str(world.rows("SELECT company FROM soaddr")[0][0]).strip() == "Zoë"


async def test_text_that_is_too_long_is_refused_with_the_width(world: World) -> None:
    with pytest.raises(Rejected, match=r"somast.shipvia takes 12 characters"):
        await world.write("sales_order", sales_order(shipvia="Overnight express"))
    _nothing_happened(world)


async def test_a_purchase_number_somebody_else_booked_is_not_booked_again(world: World) -> None:
    order = sales_order(ponum="LAST YEAR", custno={"custno": "sm0001"})
    with pytest.raises(Rejected, match="already has order 9998"):
        await world.write("sales_order", order)
    voided = await world.write(
        "sales_order", sales_order(ponum="VOIDED", custno={"custno": "SM0001"})
    )
    assert voided.fields["sono"] == "10001", "a void order does not count"


async def test_a_customer_being_edited_makes_the_order_wait(world: World) -> None:
    order = sales_order(custno={"custno": "LOCKED01"})
    with pytest.raises(Transient, match="edited by MARY") as caught:
        await world.write("sales_order", order)
    assert (caught.value.sent, caught.value.gate) == ("no", False)
    world.simulator.lock_row("arcust", "LOCKED01", locked=False)
    await world.write("sales_order", order)


async def test_a_trigger_that_changes_amounts_is_noticed_and_nothing_kept(world: World) -> None:
    world.rows(
        "CREATE TEMP TRIGGER meddling AFTER INSERT ON sotran WHEN NEW.tranlineno = 5 BEGIN"
        " UPDATE somast SET ordamt = '81.9300' WHERE sono = NEW.sono; END"
    )
    with pytest.raises(Unreconciled, match=r"holds 81\.93 .*for an order of 81\.92"):
        await world.write("sales_order", sales_order())
    _nothing_happened(world)


async def test_an_order_of_130_lines_is_written_whole(world: World) -> None:
    lines = [line_of("SPOON-SILVER", "1", "1.01") for _ in range(130)]
    order = sales_order(lines=lines, total=usd("131.30"), tax=None, freight=None, discount=None)
    await world.write("sales_order", order)
    assert len(_lines(world.simulator.web_orders()[0])) == 130


async def test_an_order_takes_four_trips(world: World) -> None:
    await world.write("sales_order", sales_order())
    before = len(world.entries("request"))
    await world.write("sales_order", sales_order("2"), "KEY2")
    assert len(world.entries("request")) - before == 4


async def test_without_our_table_nothing_is_written() -> None:
    async with opened(SageProSimulator(), provision=False) as world:
        with pytest.raises(Misconfigured, match="ix_xref does not exist"):
            await world.write("sales_order", sales_order())


async def test_an_order_is_read_by_either_number_and_from_history(world: World) -> None:
    await world.write("sales_order", sales_order())
    read = world.session.reads["sales_order"].call
    by_shop = await read(call_of(), {"websono": "1042"})
    by_sono = await read(call_of(), {"sono": "10001"})
    assert by_shop == by_sono
    assert by_sono.fields["status"] == "open"
    assert by_sono.fields["ordamt"] == "81.92"
    assert by_sono.fields["ordate"] == f"{date(2026, 3, 4)}"
    closed = await read(call_of(), {"websono": "LAST YEAR"})
    assert closed.fields["status"] == "closed"
    with pytest.raises(Rejected, match="no sales order 4711"):
        await read(call_of(), {"sono": "4711"})


async def test_a_deadlock_is_transient_and_nothing_is_kept(world: World) -> None:
    world.misbehave("sales_order", Fault("refuse", status=1205))
    with pytest.raises(Transient, match="1205") as caught:
        await world.write("sales_order", sales_order())
    assert (caught.value.sent, caught.value.gate) == ("no", False)
    _nothing_happened(world)
    await world.write("sales_order", sales_order())
    assert world.simulator.counter() == 10001


def _lines(order: dict[str, object]) -> list[dict[str, str]]:
    lines = order["lines"]
    assert isinstance(lines, list)
    return lines


def _nothing_happened(world: World) -> None:
    assert not world.simulator.web_orders()
    assert world.simulator.counter() == 10000
    assert not world.rows("SELECT * FROM ix_xref")
    assert not world.entries("sales_order")
