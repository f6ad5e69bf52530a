"""Stored cards that have changed are asked for in batches; a lost answer asks once."""

from datetime import timedelta
from typing import Any

import pytest
from tests.cybersource.conftest import new_call, now
from tests.cybersource.test_tokens import customer, instrument, send

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import Found

KEY = "update-key-1"


async def stored(world: Any, year: int) -> str:
    customer_id = await customer(world)
    card = {"card": {"expirationMonth": "12", "expirationYear": str(year), "type": "visa"}}
    return str((await instrument(world, customer_id, **card))["id"])


def fields(*tokens: str) -> dict[str, Any]:
    return {"tokens": [{"id": token} for token in tokens], "email": "books@example.com"}


async def test_a_card_that_ends_soon_has_a_new_date_and_the_report_says_so(world: Any) -> None:
    soon, later = [await stored(world, now().year + years) for years in (0, 7)]
    made = await world.write("account_update", fields(soon, later, "7" * 32), KEY)
    about = {"batch_id": made.references[0].id}
    told = await world.session.reads["account_update"].call(new_call(), about)
    assert told.fields["status"] == "COMPLETED"
    told = await world.session.reads["account_update_report"].call(new_call(), about)
    assert (told.fields["accepted"], told.fields["rejected"]) == ("2", "1")
    assert (told.fields["updated"], told.fields["changed"]) == ("1", soon)


async def test_a_lost_answer_is_found_by_our_reference(world: Any) -> None:
    write = world.session.writes["account_update"]
    wanted = fields(await stored(world, now().year))
    found = await write.find(new_call(KEY), wanted, now() - timedelta(seconds=1))
    assert not isinstance(found, Found)
    made = await write.send(new_call(KEY), wanted)
    found = await write.find(new_call(KEY), wanted, now())
    assert isinstance(found, Found)
    assert found.receipt.references == made.references


async def test_what_is_wrong_is_refused(world: Any) -> None:
    instrument_id, customer_id = await stored(world, now().year), await customer(world)
    with pytest.raises(Rejected, match=r"INVALID_DATA"):
        await world.write("account_update", fields(instrument_id, customer_id), KEY)
    with pytest.raises(Rejected, match="there is no account update"):
        await world.session.reads["account_update_report"].call(new_call(), {"batch_id": "X"})
    for document in ({"type": "oneOff"}, {"type": "oneOff", "included": {"tokens": [{}]}}):
        assert (await send(world, "POST", "/accountupdater/v1/batches", document))[0] == 400
