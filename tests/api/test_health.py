"""Two questions with two answers: do we accept, do we process?"""

from datetime import UTC, datetime, timedelta

import pytest
from tests.api.conftest import Api
from tests.api.history import bury

from tillbridge.database.database import Database


async def test_a_house_without_workers_accepts_and_does_not_process(api: Api) -> None:
    """Complaint I1: runs that are taken in and never begun look healthy elsewhere."""
    assert (await api.ask("GET", "/health/accepting", role=""))[0] == 200
    status, body = await api.ask("GET", "/health/processing", role="viewer")
    assert (status, body["processing"], body["worker_sessions"]) == (503, False, 0)
    assert body["reason"] == "no_worker"


async def test_a_connected_worker_processes(api: Api, dsn: str) -> None:
    worker = await Database.connect(dsn, size_max=1, name="tillbridge worker")
    status, body = await api.ask("GET", "/health/processing", role="viewer")
    await worker.close()
    assert (status, body["processing"]) == (200, True)


@pytest.mark.complaint("I1")
async def test_work_that_lies_about_is_not_processing_even_with_a_worker(
    api: Api, dsn: str
) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    await api.database.execute(
        "INSERT INTO lanes (subject, target, wake_at) VALUES ('1', 'till', $1)", long_ago
    )
    worker = await Database.connect(dsn, size_max=1, name="tillbridge worker")
    status, body = await api.ask("GET", "/health/processing", role="viewer")
    await worker.close()
    assert status == 503
    assert body["overdue_s"] > 299
    assert body["reason"] == "overdue"
    (queue,) = body["queues"]
    assert (queue["target"], queue["due"], queue["held"], queue["later"]) == ("till", 1, 0, 0)


@pytest.mark.complaint("I5")
async def test_what_waits_is_told_with_its_age_and_why(api: Api) -> None:
    await api.database.execute(
        "INSERT INTO runs (subject, target, sequence, journey, input, state, waiting_for, wake_at,"
        " started_at) VALUES ('1', 'till', 1, 'deliver', '', 'waiting', 'closed: down', now(),"
        " now() - interval '2 minutes')"
    )
    _, body = await api.ask("GET", "/health/processing", role="viewer")
    assert body["why"] == [{"target": "till", "waiting_for": "closed: down", "count": 1}]
    (waiting,) = body["waiting"]
    assert (waiting["open"], waiting["waiting"]) == (1, 1)
    assert 119 < waiting["oldest_s"] < 180


async def test_a_connection_that_is_down_is_named_and_nothing_else_is_ill(
    api: Api, dsn: str
) -> None:
    await api.database.execute(
        "UPDATE gates SET state = 'tripped', reason = 'no answer',"
        " closed_until = now() + interval '1 minute' WHERE connection = 'till'"
    )
    worker = await Database.connect(dsn, size_max=1, name="tillbridge worker")
    status, body = await api.ask("GET", "/health/processing", role="viewer")
    accepting, _ = await api.ask("GET", "/health/accepting", role="")
    await worker.close()
    assert (status, body["processing"], accepting) == (200, True, 200)
    (down,) = body["down"]
    assert (down["connection"], down["state"], down["reason"]) == ("till", "tripped", "no answer")
    assert down["since"]


async def test_dead_letters_are_counted_with_the_age_of_the_oldest(api: Api) -> None:
    await bury(api.database)
    _, body = await api.ask("GET", "/health/processing", role="viewer")
    assert body["dead_letters"]["count"] == 1
    assert body["dead_letters"]["oldest"]


async def test_a_schema_that_does_not_fit_is_not_accepting(api: Api) -> None:
    await api.database.execute("DELETE FROM schema_migrations WHERE number = 3")
    await api.database.execute("INSERT INTO schema_migrations (number, name) VALUES (999, 'x')")
    status, body = await api.ask("GET", "/health/accepting", role="")
    assert (status, body) == (503, {"accepting": False, "reason": "schema_newer"})
