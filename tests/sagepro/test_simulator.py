"""The stand-in is strict where SQL Server is; an independent driver talks to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import aiohttp
import pytds  # type: ignore[import-untyped] # python-tds ships no types
import pytest
from tests.sagepro.documents import sales_order
from tests.sagepro.world import World, call_of

from tillbridge.canonical.errors import Transient
from tillbridge_simulators.sagepro import SageProSimulator


@pytest.fixture
async def simulator() -> AsyncIterator[SageProSimulator]:
    simulator = SageProSimulator()
    await simulator.start()
    yield simulator
    await simulator.stop()


@contextmanager
def connected(simulator: SageProSimulator, **options: Any) -> Iterator[Any]:
    connection = pytds.connect(
        simulator.host, port=simulator.port, user=simulator.user, password=simulator.password,
        database="PRO05", **options,
    )  # fmt: skip
    try:
        yield connection
    finally:
        connection.close()


async def ask(simulator: SageProSimulator, *statements: str, **values: object) -> list[Any]:
    """The rows of the last of these statements, sent on one connection."""

    def asked() -> list[Any]:
        with connected(simulator, autocommit=True) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    return await asyncio.to_thread(asked)


async def test_every_type_crosses_the_wire_exactly(simulator: SageProSimulator) -> None:
    rows = await ask(
        simulator,
        "SELECT CAST(-1.2345 AS money), CAST('922337203685477.5807' AS money),"
        " CAST('123456789.123456' AS numeric(15,6)), CAST('2026-02-28 23:59:58' AS datetime),"
        " CAST('x' AS char(3)), CAST('y' AS varchar(5)), CAST('ω' AS nvarchar(5)),"
        " CAST(1 AS bit), CAST(-7 AS int), CAST(9999999999 AS bigint), CAST('1.5' AS float)",
    )
    assert rows == [
        (
            Decimal("-1.2345"), Decimal("922337203685477.5807"), Decimal("123456789.123456"),
            datetime(2026, 2, 28, 23, 59, 58), "x  ", "y", "ω", True, -7, 9999999999, 1.5,
        )
    ]  # fmt: skip


async def test_parameters_of_every_type_arrive_exactly(simulator: SageProSimulator) -> None:
    rows = await ask(
        simulator,
        "SELECT CAST(%(a)s AS money), CAST(%(b)s AS datetime), CAST(%(c)s AS int),"
        " CAST(%(d)s AS varchar(20)), CAST(%(e)s AS bit)",
        a=Decimal("-0.10"), b=datetime(2026, 1, 2, 3, 4, 5), c=-12, d="it's", e=True,
    )  # fmt: skip
    assert rows == [(Decimal("-0.10"), datetime(2026, 1, 2, 3, 4, 5), -12, "it's", True)]


async def test_text_compares_without_case_and_trailing_spaces(simulator: SageProSimulator) -> None:
    rows = await ask(simulator, "SELECT custno FROM arcust WHERE custno = %(c)s", c="webguest")
    assert rows == [("WEBGUEST  ",)]
    assert not await ask(simulator, "SELECT sono FROM somast WHERE sono = %(s)s", s="10003")
    found = await ask(simulator, "SELECT sono FROM somast WHERE sono = STR(10003, 10)")
    assert found == [("     10003",)]


async def test_output_gives_what_was_written(simulator: SageProSimulator) -> None:
    rows = await ask(
        simulator,
        "UPDATE PROSYS..sysdata WITH (UPDLOCK) SET int1 = int1 + 1 OUTPUT inserted.int1"
        " WHERE sysid = %(id)s",
        id="SO05",
    )
    assert rows == [(Decimal(10001),)]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("SELECT * FROM nothing", 208),
        ("SELECT nothing FROM arcust", 207),
        ("SELECT FROM WHERE", 102),
        ("UPDATE arcust SET city = 'Llanfairpwllgwyngyllgogerychwyrndrobwll'", 2628),
        ("UPDATE arcust SET balance = 'much'", 8114),
        ("UPDATE somast SET pnet = 12345", 8115),
        ("INSERT INTO icloct (loctid) VALUES ('NEW')", 515),
        ("UPDATE arcust SET custno = 'SAME'", 2627),
        ("INSERT INTO somast (id_col) VALUES (7)", 544),
        ("COMMIT TRANSACTION", 3902),
        ("SELECT 1 / 0 FROM arcust", 8134),
    ],
)
async def test_what_sql_server_refuses_is_refused_by_its_number(
    simulator: SageProSimulator, statement: str, number: int
) -> None:
    with pytest.raises(pytds.Error) as caught:
        await ask(simulator, statement)
    assert caught.value.msg_no == number


async def test_a_failed_statement_ends_a_batch_only_with_xact_abort(
    simulator: SageProSimulator,
) -> None:
    batch = "INSERT INTO icloct (loctid) VALUES ('NEW'); UPDATE icloct SET locdesc = 'changed'"
    with pytest.raises(pytds.Error):
        await ask(simulator, "SET XACT_ABORT ON", batch)
    assert ("changed",) not in simulator.store.rows("SELECT rtrim(locdesc) FROM icloct")
    with pytest.raises(pytds.Error):
        await ask(simulator, batch)
    assert ("changed",) in simulator.store.rows("SELECT rtrim(locdesc) FROM icloct")


async def test_the_drivers_own_transactions_commit_and_roll_back(
    simulator: SageProSimulator,
) -> None:
    def work() -> None:
        with connected(simulator) as connection:
            cursor = connection.cursor()
            cursor.execute("UPDATE arcust SET city = 'Leeds' WHERE custno = 'SM0001'")
            connection.rollback()
            cursor.execute("UPDATE arcust SET phone = '1' WHERE custno = 'SM0001'")
            connection.commit()

    await asyncio.to_thread(work)
    rows = simulator.store.rows("SELECT trim(city), trim(phone) FROM arcust WHERE custno='SM0001'")
    assert rows == [("", "1")]


async def test_a_client_that_leaves_in_a_transaction_leaves_nothing(
    simulator: SageProSimulator,
) -> None:
    await ask(simulator, "BEGIN TRANSACTION", "UPDATE arcust SET city = 'Leeds'")
    for _ in range(50):
        await asyncio.sleep(0.01)
        if simulator.store.owner is None:
            break
    assert simulator.store.rows("SELECT DISTINCT trim(city) FROM arcust") == [("",)]


async def test_a_reader_waits_for_a_writer_unless_it_asks_for_nolock(
    simulator: SageProSimulator,
) -> None:
    def work() -> tuple[int, int]:
        with (
            connected(simulator, autocommit=True) as writer,
            connected(simulator, autocommit=True) as reader,
        ):
            writer.cursor().execute("BEGIN TRANSACTION; UPDATE arcust SET city = 'Leeds'", None)
            cursor = reader.cursor()
            cursor.execute("SET LOCK_TIMEOUT 50")
            dirty = cursor.execute_scalar("SELECT COUNT(*) FROM arcust WITH (NOLOCK)")
            with pytest.raises(pytds.Error) as caught:
                cursor.execute("SELECT COUNT(*) FROM arcust")
            return dirty, caught.value.msg_no

    assert await asyncio.to_thread(work) == (3, 1222)


async def test_an_attention_ends_a_waiting_request(simulator: SageProSimulator) -> None:
    simulator.store.owner = "somebody else"

    def work() -> int:
        with connected(simulator, autocommit=True, timeout=0.05) as connection:
            cursor = connection.cursor()
            with pytest.raises(TimeoutError):
                cursor.execute("SELECT COUNT(*) FROM arcust")
            cursor.cancel()
            return int(cursor.execute_scalar("SELECT COUNT(*) FROM arcust WITH (NOLOCK)"))

    assert await asyncio.to_thread(work) == 3
    simulator.store.owner = None


async def test_faults_and_log_are_reached_from_another_process(world: World) -> None:
    plan = {"rules": [{"operation": "sales_order", "fault": {"kind": "lose_answer"}, "times": 1}]}
    base = f"{world.simulator.url}/_simulator"
    async with aiohttp.ClientSession() as client:
        await client.post(f"{base}/faults", data=json.dumps(plan))
        with pytest.raises(Transient):
            await world.session.writes["sales_order"].send(call_of("KEY1"), sales_order())
        async with client.get(f"{base}/log?after=0") as answer:
            kinds = [entry["kind"] for entry in await answer.json()]
        async with client.get(f"{base}/state") as answer:
            state = await answer.json()
    assert kinds.count("sales_order") == 1
    assert state["counter"] == 10001


async def test_a_client_that_is_cut_while_it_waits_for_a_lock_never_gets_it(
    simulator: SageProSimulator,
) -> None:
    store = simulator.store
    await store.acquire("somebody else", keep=True, wait_s=None)
    asking = asyncio.create_task(ask(simulator, "UPDATE dbo.arcust SET phone = '1'"))
    while not store.waiting:  # noqa: ASYNC110 (a thread of the driver's brings it there)
        await asyncio.sleep(0.01)
    simulator.cut_clients()
    with pytest.raises((OSError, pytds.Error)):
        await asking
    store.end("somebody else", commit=False)
    assert store.owner is None
