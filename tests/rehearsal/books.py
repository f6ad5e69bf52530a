"""A folder made of a template, in a place of its own, and `tillbridge test` over it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parents[2] / "src/tillbridge/templates"


def make_books(folder: Path, template: str = "order-to-cash-dynamics") -> Path:
    """A copy of a template."""
    shutil.copytree(TEMPLATES / template, folder)
    return folder


def tillbridge(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program, as a user starts it, with nothing of ours in its environment."""
    environment = {name: value for name, value in os.environ.items() if "TILLBRIDGE" not in name}
    return subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-m", "tillbridge.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )


def play_tests(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit status of `tillbridge test`, and what it found."""
    done = tillbridge("--folder", str(folder), "test", "--json", *options)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


def replace_in(path: Path, old: str, new: str) -> None:
    """Changes a file, in which the old text has to stand."""
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new, 1))
