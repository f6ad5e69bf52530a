"""Flows, questions and notices over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api.conftest import Api, open_api
from tests.api.site import give_secrets, make_site

from tillbridge.assembly import prepare
from tillbridge.database.database import Database
from tillbridge.desk.approvals import ask
from tillbridge.runs.history import runs

GREET = """\
flow: greet
lane: till
takes: {name: text}
steps:
  - notify: told
    title: concat('Hello ', trigger.fields.name)
"""


@pytest.fixture
async def greeting(
    dsn: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Api]:
    """An API over a site with a flow that starts by hand."""
    give_secrets(monkeypatch)
    await prepare(dsn)
    site = make_site(tmp_path / "books")
    (site.folder / "flows" / "greet.yaml").write_text(GREET)
    async with open_api(site, dsn, database) as api:
        yield api


async def test_a_flow_is_paused_and_resumed_by_an_operator_only(greeting: Api) -> None:
    status, _ = await greeting.ask("POST", "/flows/greet/pause", role="viewer", json={"why": "no"})
    assert status == 403
    status, answer = await greeting.ask("POST", "/flows/greet/pause", json={"why": "wrong words"})
    assert (status, answer) == (200, {"flow": "greet", "state": "paused"})
    _, page = await greeting.ask("GET", "/flows/greet", role="viewer")
    assert page["flow"]["paused"] == "wrong words (operator)"
    status, _ = await greeting.ask("POST", "/flows/greet/resume", json={"why": "right words"})
    assert status == 200
    status, answer = await greeting.ask("POST", "/flows/great/pause", json={"why": "a slip"})
    assert (status, answer["error"]["reason"]) == (404, "unknown_flow")


async def test_a_run_by_hand_with_the_same_key_starts_once(greeting: Api) -> None:
    body = {"why": "a customer asked", "given": {"name": "Ada"}, "key": "k-1"}
    for _ in range(2):
        status, answer = await greeting.ask("POST", "/flows/greet/run", json=body)
        assert (status, answer["subject"]) == (202, "greet k-1")

    assert len(await runs(greeting.database)) == 1


async def test_a_question_is_answered_by_those_who_may(greeting: Api) -> None:
    body = {"why": "a customer asked", "given": {"name": "Ada"}}
    await greeting.ask("POST", "/flows/greet/run", json=body)
    (run,) = await runs(greeting.database)
    due_at = await greeting.database.fetch_value("SELECT now() + interval '1 day'")
    for step, may in (("one", ["somebody else"]), ("two", ["operator"])):
        await ask(
            greeting.database,
            run.id,
            step,
            flow="greet",
            subject="1042",
            question="Release it?",
            shows={},
            may=may,
            due_at=due_at,
        )

    _, page = await greeting.ask("GET", "/approvals", role="viewer")
    assert [one["question"] for one in page["approvals"]] == ["Release it?"] * 2
    for number, wanted in ((1, 403), (2, 200), (2, 409), (3, 404)):
        status, _ = await greeting.ask(
            "POST", f"/approvals/{number}/approve", json={"why": "it is small"}
        )
        assert status == wanted
    _, audit = await greeting.ask("GET", "/audit?subject=approval 2", role="viewer")
    assert [one["action"] for one in audit["entries"]] == ["approve"]


async def test_notices_need_a_token(greeting: Api) -> None:
    status, _ = await greeting.ask("GET", "/notices", role="")
    assert status == 401
    status, page = await greeting.ask("GET", "/notices", role="viewer")
    assert (status, page) == (200, {"notices": []})
