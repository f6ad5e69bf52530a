"""A stranger's package is a connector like ours: installed apart, no line of the engine touched."""

import os
import subprocess
import sys
from pathlib import Path

STRANGER = Path(__file__).parents[2] / "examples" / "stranger"


def run(*command: str, cwd: Path, path: str = "") -> str:
    environment = os.environ | {"PYTHONPATH": path, "PYTEST_ADDOPTS": ""}
    done = subprocess.run(  # noqa: S603 (our own interpreter with fixed arguments)
        [sys.executable, "-m", *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_strangers_connector_is_installed_found_and_keeps_its_promises(tmp_path: Path) -> None:
    source, installed = tmp_path / "source", tmp_path / "installed"
    source.mkdir()
    for file in sorted(STRANGER.iterdir()):
        if file.is_file():
            (source / file.name).write_bytes(file.read_bytes())
    run(
        *("pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"),
        *("--disable-pip-version-check", "--target", str(installed), str(source)),
        cwd=tmp_path,
    )
    test = source / "test_ledgerly.py"
    (source / "tillbridge_ledgerly.py").unlink()  # only the installed one can be imported now
    told = run(
        *(
            "pytest",
            "-q",
            "-rs",
            "-W",
            "error",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:asyncio",
            str(test),
        ),
        cwd=tmp_path,
        path=str(installed),
    )
    assert "failed" not in told
    assert "the package is not installed" not in told


def test_the_strangers_package_is_three_files() -> None:
    files = {file.name for file in STRANGER.iterdir() if file.is_file()}
    assert files == {"pyproject.toml", "tillbridge_ledgerly.py", "test_ledgerly.py"}
