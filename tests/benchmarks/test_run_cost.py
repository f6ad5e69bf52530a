"""The benchmark of a six-step run in its short form; both sides do the same."""

from benchmarks.stub import FLOW
from tests.benchmarks.bench import last_line

from benchmarks import acts

KEYS = [
    *("runs", "cpu_ms_per_run", "dbos_cpu_ms_per_run", "ratio", "runs_per_s", "dbos_runs_per_s"),
    *("profile", "fsync", "factor", "ok"),
]


async def test_every_run_is_done_with_six_kept_steps() -> None:
    result, _ = await last_line("run_cost")
    assert list(result) == KEYS
    assert result["ok"]  # of every run there are four steps and two effects
    assert result["cpu_ms_per_run"] > 0
    assert result["ratio"] is None


def test_both_sides_take_the_same_six_steps() -> None:
    steps = [line.split()[1].rstrip(":") for line in FLOW.splitlines() if line[:4] == "  - "]
    assert steps == ["notify", "read", "read", "write", "notify", "write"]


def test_the_same_key_and_document_give_the_same_answer() -> None:
    document = {"number": "1", "total": "2.00"}
    assert acts.payment("a", document) == acts.payment("a", document)
    assert acts.payment("a", document) != acts.payment("b", document)
