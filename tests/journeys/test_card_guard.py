"""No card number crosses the house's borders, in or out, and each one that tried is counted."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.journeys.room import PLANTED, SHOP_DOOR, Room, capture_told, fulfilled, open_room
from tests.journeys.town import SECRET
from tests.journeys.workshop import open_workshop

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.delivery import Delivery
from tillbridge.inbox.sightings import sightings
from tillbridge.journeys.card_guard import counting, expect_clean, in_key, without_card_data
from tillbridge.journeys.receive import receive
from tillbridge_simulators.shop.signing import signed

PLAIN = PLANTED.replace(" ", "")
JOINED = """
flow: tell
lane: chat
takes: {first: text, second: text}
steps:
  - notify: told
    to: chat
    title: concat(trigger.fields.first, trigger.fields.second)
"""
DROPPED = """
flow: sold
lane: chat
file: {folder: drop, pattern: "*.csv", format: csv, settled: 1s, row: {note: text}}
steps:
  - notify: sold
    to: chat
    title: trigger.name
"""


@pytest.fixture
async def room(tmp_path: Path, dsn: str) -> AsyncIterator[Room]:
    async with open_room(tmp_path, dsn) as opened:
        yield opened


def from_shop(**around: object) -> Delivery:
    body = json.dumps(fulfilled()).encode()
    headers = {name.lower(): text for name, text in signed(SECRET, "POST", SHOP_DOOR, body).items()}
    plain = Delivery("webshop", "POST", SHOP_DOOR, headers, body, datetime.now(UTC))
    more = around.pop("headers", {})
    assert isinstance(more, dict)
    return replace(plain, headers=headers | more, **around)  # type: ignore[arg-type]  # a test's own fields


@pytest.mark.parametrize(
    ("around", "place"),
    [
        ({"headers": {"x-note": f"card {PLANTED}"}}, "the header x-note"),
        ({"query": f"pan={PLAIN}"}, "the query string"),
        ({"query": "pan=" + "".join(f"%{ord(digit):02X}" for digit in PLAIN)}, "the query string"),
    ],
)
async def test_a_shop_is_refused_for_card_data_around_the_body(
    room: Room, around: dict[str, object], place: str
) -> None:
    with pytest.raises(Rejected, match=place) as refused:
        await receive(room.house, from_shop(**around))

    assert refused.value.reason == "card_data"
    assert await room.holds(PLANTED) == []


async def test_a_payment_fact_is_kept_though_its_header_has_a_card(room: Room) -> None:
    body, headers = room.notification("payments.capture.status.accepted", capture_told())

    received = await room.hear("cybersource", body, headers | {"X-Note": PLAIN})

    assert received.verdict == "accepted"
    assert await room.count("observations") == 1
    assert await room.holds(PLANTED) == []
    (seen,) = await sightings(room.house.database)
    assert (seen.way, seen.place, seen.ending) == (
        "POST /doors/cybersource",
        "the header x-note",
        "masked",
    )


async def test_sightings_are_counted_by_day_and_say_where_never_what(room: Room) -> None:
    for _ in range(3):
        with pytest.raises(Rejected):
            async with counting(room.house.database, f"POST /doors/{PLAIN}"):
                await room.hear_shop(fulfilled(note=f"paid with {PLANTED}"))

    (seen,) = await sightings(room.house.database)
    assert (seen.way, seen.place, seen.times) == ("POST /doors/************1111", "note", 3)


async def test_what_a_system_answers_is_masked_before_it_is_kept(room: Room) -> None:
    at = room.house.connections["dynamics"]
    told = Receipt(fields={"note": f"card {PLANTED}", "request_id": PLAIN})

    kept = await without_card_data(room.house.database, at, "read customer at dynamics", told)

    assert kept.fields == {"note": "card **** **** **** 1111", "request_id": PLAIN}
    assert [seen.place for seen in await sightings(room.house.database)] == ["note"]


async def test_a_number_that_a_mapping_puts_together_does_not_leave(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, JOINED) as shop:
        await shop.ask("tell", first=PLAIN[:7], second=PLAIN[7:])
        await shop.quiet()

        (letter,) = await shop.letters()
        assert letter.reason == "card_data"
        assert "title" in letter.message
        assert shop.hook.heard == []
        assert [seen.way for seen in await sightings(shop.house.database)] == [
            "write notification at chat"
        ]


async def test_a_refused_file_keeps_no_number_and_its_name_none(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, DROPPED) as shop:
        drop = tmp_path / "drop"
        drop.mkdir(exist_ok=True)
        (drop / f"{PLAIN}.csv").write_text("note\nfine\n")
        (drop / "b.csv").write_text(f'note\n"card {PLANTED}"\n')
        refused = drop / "refused"
        async with asyncio.timeout(20):
            while len(list(refused.glob("*.csv"))) < 2:  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.05)

        names = sorted(path.name for path in refused.iterdir())
        assert names == [
            "b.csv",
            "b.csv.reason.txt",
            f"{'x' * 16}.csv",
            f"{'x' * 16}.csv.reason.txt",
        ]
        assert (refused / "b.csv").read_text() == 'note\n"card **** **** **** ****"\n'
        assert await shop.runs() == []


@pytest.mark.parametrize(
    "key",
    [
        "664da6d4345975435251dc5d",  # the outage campaign drew it
        "4345975435251a0b0c0d0e0f00112233",
        "c4345975-4352-5190-8b0c-4f0e0f001122",
    ],
)
def test_a_key_that_was_drawn_at_random_is_an_id(key: str) -> None:
    assert not in_key(key)


@pytest.mark.parametrize(
    "key", [PLAIN, f"order-{PLAIN}", f"a{PLAIN}", f"{PLAIN}ab", f"try {PLANTED}"]
)
def test_a_card_number_in_a_key_is_found(key: str) -> None:
    assert in_key(key)


async def test_what_the_shop_is_told_names_its_try_whatever_its_digits(room: Room) -> None:
    drawn = {"order_number": "B4480", "attempt_key": "75842e45ba39675893335327"}
    await expect_clean(room.house.database, "write to webshop", "B4480", drawn)
    with pytest.raises(Rejected, match="card number in note"):
        await expect_clean(
            room.house.database, "write to webshop", "B4480", {**drawn, "note": PLAIN}
        )
    with pytest.raises(Rejected, match="card number in attempt_key"):
        await expect_clean(room.house.database, "write to webshop", "B4480", {"attempt_key": PLAIN})
