"""The outage campaign in its short form: the whole thing as people run it."""

from campaigns.manners import MANNERS
from campaigns.outage_plants import PLANTS
from tests.campaigns.campaign import refusal, run

from tillbridge_simulators.auditor import KEYS

OWN_KEYS = ("intake_errors", "sent_after_valid_until", "captured_after_expiry")


async def test_each_system_down_in_turn_breaks_no_promise_and_everything_drains() -> None:
    status, result = await run("outage", SCALE="short", SEED="7")
    assert {key: result[key] for key in (*KEYS, *OWN_KEYS)} == dict.fromkeys((*KEYS, *OWN_KEYS), 0)
    assert result["probes_at_once_max"] == 1
    assert result["drained"] == result["waited"] > 0
    assert result["not_attempted"] > 0
    assert (status, result["ok"], result["fsync"]) == (0, True, True), result


async def test_a_planted_defect_is_caught() -> None:
    status, result = await run("outage", PLANT="intake_refuses")
    assert status == 1
    assert not result["ok"]
    assert result["intake_errors"] > 0
    assert result["plants_caught"] == result["plants"] == 1


async def test_a_plant_nobody_knows_is_refused_by_name() -> None:
    assert "There is no plant 'ivy'; there are " in await refusal("outage", "ivy")


def test_there_is_a_plant_for_each_way_in_which_an_outage_could_do_harm() -> None:
    assert set(PLANTS) >= {
        "valid_until_ignored",
        "probe_not_shared",
        "outage_dead_letters",
        "intake_refuses",
        "capture_after_expiry",
    }


def test_every_outage_lasts_as_long_as_its_manners_together() -> None:
    for manners in MANNERS.values():
        assert abs(sum(manner.share for manner in manners) - 1) < 1e-9
        assert len(manners) >= 5
