"""The limits campaign in its short form: the whole thing as people run it."""

from tests.campaigns.campaign import refusal, run


async def test_everything_arrives_and_no_window_holds_more_than_it_takes() -> None:
    status, result = await run("limits", SCALE="short", SEED="7")
    whole = (result["writes"], 0, 0)
    assert (result["arrived"], result["doubled"], result["dead_letters"]) == whole, result
    over = ("over_limit", "at_once_over", "refused", "insisted")
    assert {key: result[key] for key in over} == dict.fromkeys(over, 0), result
    assert (status, result["ok"], result["fsync"]) == (0, True, True), result


async def test_a_budget_that_every_process_has_for_itself_is_seen() -> None:
    status, result = await run("limits", SCALE="short", PLANT="per_process")
    assert (status, result["ok"], result["plants_caught"]) == (1, False, 1)
    assert result["refused"] > 0


async def test_a_plant_nobody_knows_is_refused_by_name() -> None:
    refused = await refusal("limits", "ivy")
    assert "There is no plant 'ivy'; there are per_process, " in refused
