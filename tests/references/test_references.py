"""Given any id, all the others are found."""

from tillbridge.canonical.references import ExternalReference
from tillbridge.database.database import Database
from tillbridge.references.references import SUBJECTS_MAX, of_subject, record, subjects_of

REQUEST = ExternalReference("cybersource", "payment", "7049811234567890123456")
GUID = ExternalReference("dynamics", "sales_order", "00000000-0000-0000-0000-000000000014")
ACCOUNT = ExternalReference("dynamics", "account", "C-7")


async def put(database: Database, subject: str, *references: ExternalReference) -> None:
    async with database.transaction() as tx:
        await record(tx, subject, references)


async def test_every_id_of_an_order_leads_to_the_order(database: Database) -> None:
    await put(database, "1042", REQUEST, GUID)

    assert await subjects_of(database, REQUEST.id) == ["1042"]
    assert await subjects_of(database, GUID.id) == ["1042"]
    assert await subjects_of(database, "1042") == ["1042"]


async def test_the_order_leads_to_every_id(database: Database) -> None:
    await put(database, "1042", REQUEST)
    await put(database, "1042", GUID)

    found = await of_subject(database, "1042")

    assert [one.reference for one in found] == [REQUEST, GUID]
    assert all(one.recorded_at.utcoffset() is not None for one in found)


async def test_recording_it_again_changes_nothing(database: Database) -> None:
    await put(database, "1042", REQUEST)
    (before,) = await of_subject(database, "1042")

    await put(database, "1042", REQUEST, REQUEST)

    assert await of_subject(database, "1042") == [before]


async def test_one_id_may_belong_to_many_orders_of_which_so_many_are_answered(
    database: Database,
) -> None:
    for number in range(SUBJECTS_MAX + 5):
        await put(database, str(number), ACCOUNT)

    assert len(set(await subjects_of(database, ACCOUNT.id))) == SUBJECTS_MAX


async def test_an_id_nobody_gave_leads_nowhere(database: Database) -> None:
    await put(database, "1042")

    assert await subjects_of(database, "1042") == []
    assert await of_subject(database, "1042") == []
