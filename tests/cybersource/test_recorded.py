"""The recorded index is what the pinned official client says, no more and no less."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.official_peer import HOME, NotInstalledError, install

from tillbridge_simulators.cybersource.recorded.record import HERE, Fields, read

pytestmark = pytest.mark.official_client
MEASURED = "0.0.20"
"""The last version whose models say how long a text may be."""


@pytest.fixture(scope="module")
def client() -> Path:
    """The sources of the pinned client."""
    try:
        interpreter = install()
    except NotInstalledError as missing:
        pytest.skip(f"the official client cannot be installed here: {missing}")
    (sources,) = (interpreter.parents[1] / "lib").glob("python3.*/site-packages/CyberSource")
    return sources


@pytest.fixture(scope="module")
def older() -> Path:
    """The sources of the version that tells lengths: fetched once, and kept; nothing of it runs."""
    home = HOME.with_name(f"cybersource-client-{MEASURED}")
    if not (home / "CyberSource").exists():
        wanted = f"cybersource-rest-client-python=={MEASURED}"
        fetch = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        done = subprocess.run(  # noqa: S603 (fixed words)
            [*fetch, "--no-deps", "--no-compile", "--target", home, wanted],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode:
            pytest.skip(f"version {MEASURED} cannot be fetched here: {done.stderr[-300:]}")
    return home / "CyberSource"


def kept(name: str) -> list[dict[str, object]]:
    text = (HERE / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def plain(fields: Fields) -> Fields:
    """Fields without the lengths of their texts."""
    return {name: re.sub(r"text \d+", "text", kind) for name, kind in fields.items()}


def test_every_operation_and_model_of_the_client_is_recorded_as_it_is(client: Path) -> None:
    operations, models = read(client, None)
    assert kept("operations.jsonl") == operations
    recorded = {str(row["model"]): row["fields"] for row in kept("models.jsonl")}
    assert list(recorded) == list(models)
    for name, fields in recorded.items():
        assert isinstance(fields, dict)
        assert plain(fields) == plain(models[name]), name


def test_every_length_is_the_one_that_the_older_client_checks(client: Path, older: Path) -> None:
    _, models = read(client, older)
    assert kept("models.jsonl") == [{"model": name, "fields": it} for name, it in models.items()]
