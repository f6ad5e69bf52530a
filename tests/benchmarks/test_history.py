"""The benchmark of the past in its short form; what is stored is found by every id it has."""

import pytest
from tests.benchmarks.bench import last_line

from benchmarks import past
from tillbridge.database.database import Database
from tillbridge.journeys.trace import trace

KEYS = [
    *("runs_stored", "search_p95_ms", "list_p95_ms", "stored_gb"),
    *("runs_live", "runs_in_history", "runs_in_files"),
    *("moved_per_s", "archived_per_s", "files_mb", "fsync", "factor", "ok"),
]


@pytest.mark.complaint("I28")
async def test_every_kind_of_question_is_answered() -> None:
    """I28: pages by key over indexes of their own, and not by counting from the first row."""
    result, table = await last_line("history")
    assert list(result) == KEYS
    assert result["runs_stored"] == 2000
    tiers = (result["runs_live"], result["runs_in_history"], result["runs_in_files"])
    assert sum(tiers) == 2000
    assert min(tiers) > 200, "some are in each"
    assert all(name in table for name in ("by run", "by another system's id", "dead letters"))


async def test_a_stored_run_is_found_by_each_of_its_ids(dsn: str, database: Database) -> None:
    await past.store(dsn, 20)
    for asked in (past.subject(7), past.reference(7), past.effect_key(7), "run:7"):
        story = await trace(database, asked)
        assert story.subject == past.subject(7)
        assert len(story.payments) == 1
        assert {moment.kind for moment in story.moments} == {"payment", "event", "effect", "run"}
