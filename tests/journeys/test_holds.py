"""No capture leaves after the issuer has let go of the hold: a person has it then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.journeys.test_deliver import captured, letters
from tests.journeys.town import FACTOR, Town, open_town, order_document, till

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import Call, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge.journeys.hold import while_held
from tillbridge.journeys.steer import replay
from tillbridge.payments.attempts import live

DAY_S = 86_400.0


def asked_to_capture(town: Town, order: str) -> int:
    """How often a capture of the order has reached Cybersource."""
    return sum(
        entry.facts["operation"] == "capture" and entry.facts["order"] == order
        for entry in town.cybersource.log.entries("request")
    )


async def test_a_shipment_after_the_hold_has_ended_is_not_captured_and_a_person_has_it(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        town.cybersource.options.aged_s["7001"] = 8 * DAY_S / FACTOR
        status, _ = await shop.pay(order_document("7001"))
        assert status == 200
        await shop.ship("7001")
        await town.quiet()

        (letter,) = await letters(town)
        assert (letter.subject, letter.reason) == ("7001", "hold_expired")
        assert "raise alerts.hold_life" in letter.message
        assert asked_to_capture(town, "7001") == 0


async def test_a_person_who_knows_that_the_issuer_keeps_it_longer_captures_it_after_all(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        town.cybersource.options.aged_s["7002"] = 8 * DAY_S / FACTOR
        await shop.pay(order_document("7002"))
        await shop.ship("7002")
        await town.quiet()
        (letter,) = await letters(town)

        town.house.alerting = replace(town.house.alerting, hold_life_s=30 * DAY_S / FACTOR)
        await replay(town.house, letter.run_id, "ada", "this issuer keeps it for a month")
        await town.quiet()

        assert captured(town, "7002") == Decimal(order_document("7002")["total"])


async def test_a_capture_that_waited_until_the_hold_ended_is_stopped_right_before_the_socket(
    tmp_path: Path, dsn: str
) -> None:
    """Between its claim and its socket a call may wait for a connection."""
    sent: list[str] = []

    async def send(call: Call, _fields: Fields) -> Receipt:
        call.guard()
        sent.append(call.key)
        return Receipt()

    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("7003"))
        hold = await live(town.house.database, "cybersource", "7003")
        assert hold is not None
        capture = Write(DocumentShape("capture", "A capture", ()), "natural_key", send)
        guarded = while_held(town.house, capture, hold)
        call = Call("a key", datetime.now(UTC), 1.0, "a test", lambda: None)

        await guarded.send(call, {})
        life = timedelta(seconds=town.house.alerting.hold_life_s)
        town.house.clock = lambda: datetime.now(UTC) + life
        refused = None
        try:
            await guarded.send(call, {})
        except Rejected as error:
            refused = error

    assert refused is not None and refused.reason == "hold_expired"
    assert sent == ["a key"]
