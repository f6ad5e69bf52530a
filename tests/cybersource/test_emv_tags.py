"""Tags of chip cards: read strictly, and never sent where an account number may be among them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillbridge.canonical.errors import Rejected
from tillbridge_cybersource.emv_data import expect_no_card
from tillbridge_simulators.cybersource.cards import check_digit
from tillbridge_simulators.cybersource.emv_data import data_objects, emv_tags

SENT = "9F02060000000025009F260812AB34CD56EF7890 820238005F340101".replace(" ", "")
CARD = "411111111111111" + check_digit("411111111111111")


def coded(tag: str, value: str) -> str:
    """One object; `value` in hexadecimal digits."""
    return f"{tag}{len(value) // 2:02X}{value}"


async def read(world: Any, kind: str, **fields: str) -> dict[str, str]:
    return dict((await world.session.reads[kind].call(world.call(), fields)).fields)


async def test_data_of_a_terminal_are_told_by_name(world: Any) -> None:
    told = await read(world, "emv_data", request_id="1795318429905906691059", data=SENT)
    assert told["tags"] == "9F02 9F26 82 5F34"
    assert told["9f26"] == "12AB34CD56EF7890"
    assert "9F02 Amount, Authorised (Numeric): 000000002500" in told["text"].splitlines()
    assert not list(world.simulator.log.entries("unknown_fields"))


async def test_a_tag_is_known_by_its_name(world: Any) -> None:
    assert (await read(world, "emv_tag", tag="9f26"))["name"] == "Application Cryptogram"
    with pytest.raises(Rejected, match="no EMV tag DF01"):
        await read(world, "emv_tag", tag="DF01")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (coded("5A", CARD), "tag 5A"),
        (coded("57", f"{CARD}D25121010000000000000F"), "tag 57"),
        (coded("77", coded("5A", CARD)), "tag 5A"),
        (coded("DF01", "00"), "tag DF01"),
        (coded("9F10", CARD), "card number in the tag 9F10"),
        (coded("9F10", f"0000{CARD}FF"), "card number in the tag 9F10"),
        (coded("50", CARD.encode().hex()), "card number in the tag 50"),
        (SENT[:-2], "longer than what holds it"),
        (SENT[:-1], "cannot be read"),
        ("9F", "does not end"),
        ("82", "a length is missing"),
        ("8280", "does not end"),
        ("8283000002", "longer than what holds it"),
        ("00" * 500, "more than 999"),
    ],
)
async def test_what_may_hold_an_account_number_never_leaves(
    world: Any, data: str, match: str
) -> None:
    with pytest.raises(Rejected, match=match) as caught:
        await read(world, "emv_data", request_id="1", data=data)
    assert CARD not in str(caught.value)
    assert not list(world.simulator.log.entries("request"))


@given(st.binary(max_size=40))
def test_both_readers_read_the_same_or_nothing(body: bytes) -> None:
    try:
        objects = list(data_objects(body))
    except ValueError:
        with pytest.raises(Rejected):
            expect_no_card(body.hex(), "data")
        return
    try:
        assert expect_no_card(body.hex(), "data") == [one.tag for one in objects]
    except Rejected as refused:
        assert "cannot be read" not in refused.message


def test_a_template_is_shown_with_what_it_holds_and_masked_for_it() -> None:
    inner = coded("5F34", "01") + coded("5A", CARD)
    found = list(data_objects(bytes.fromhex(coded("77", inner) + "0000" + coded("82", "3800"))))
    assert [one.tag for one in found] == ["77", "5F34", "5A", "82"]
    assert len(emv_tags()) == len({one.tag for one in emv_tags().values()})
