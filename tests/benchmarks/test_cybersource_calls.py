"""The benchmark of signed calls in its short form: both sides' payments are there afterwards."""

import pytest
from benchmarks.official_peer import NotInstalledError, install
from tests.benchmarks.bench import last_line

KEYS = [
    *("calls", "calls_per_s", "cpu_ms_per_call", "sdk_cpu_ms_per_call", "ratio"),
    *("fsync", "factor", "ok"),
]


@pytest.mark.official_client
async def test_both_sides_authorize_and_capture_and_are_measured() -> None:
    try:
        install()
    except NotInstalledError as missing:
        pytest.skip(f"the official client cannot be installed here: {missing}")
    result, _ = await last_line("cybersource_calls")
    assert list(result) == KEYS
    assert result["calls"] == 60
    assert result["sdk_cpu_ms_per_call"] > result["cpu_ms_per_call"] > 0
