"""The benchmark of many stored runs in its short form."""

from tests.benchmarks.bench import last_line

KEYS = [
    *("cpu_ms_per_run_10k", "cpu_ms_per_run_1m", "growth", "workers_1_per_s", "workers_2_per_s"),
    *("few", "many", "fsync", "factor", "ok"),
]


async def test_runs_are_done_over_a_past_by_one_worker_and_by_two() -> None:
    result, _ = await last_line("scale", "--runs", "40")
    assert list(result) == KEYS
    assert result["workers_1_per_s"] > 0
    assert result["workers_2_per_s"] > 0
    assert result["many"] == 2000
