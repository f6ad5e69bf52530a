"""The breaks campaign in its short form: the whole thing as people run it."""

from campaigns.break_plants import PLANTS
from campaigns.break_table import table
from tests.campaigns.campaign import refusal, run


async def test_every_answer_and_break_lands_in_the_class_of_the_table() -> None:
    status, result = await run("breaks", SCALE="short")
    assert result["tuples"] > 2000, result
    assert result["in_stated_class"] == result["tuples"], result
    assert (status, result["ok"], result["wrong"]) == (0, True, 0), result


async def test_a_hold_that_is_forgotten_is_seen() -> None:
    status, result = await run("breaks", SCALE="short", PLANT="hold_forgotten")
    assert (status, result["ok"], result["plants_caught"]) == (1, False, 1), result


async def test_a_plant_nobody_knows_is_refused_by_name() -> None:
    assert f"there are {', '.join(PLANTS)}" in await refusal("breaks", "ivy")


def test_every_line_of_the_table_says_what_it_was_read_from() -> None:
    classes = {
        *("approved", "partial", "declined", "held_declined", "challenge", "answered"),
        *("unknown", "not_done", "refused", "set_up"),
        *(f"review {which}" for which in ("decision_manager", "address_check", "security_code")),
        "review contact_processor",
    }
    for line in table():
        assert line.source, line
        assert line.meant in classes, line
        assert line.follows in {"none", "wait", "reverse", "retry", "find_or_fence", "desk"}, line
