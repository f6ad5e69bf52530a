"""Flow texts under version control: plain lines that git merges, compares and shows by itself."""

import shutil
import subprocess
from pathlib import Path

from tests.flows.test_templates import TEMPLATES, load

TEMPLATE = next(path for path in TEMPLATES if path.name == "order-to-cash-dynamics")
FLOW = "flows/capture-when-shipped.yaml"


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - git itself, fixed words
        ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.com", *arguments],  # noqa: S607 - found on the path, as people have it
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def change(folder: Path, before: str, after: str) -> None:
    path = folder / FLOW
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))
    git(folder, "commit", "-qam", f"{before} -> {after}")


def test_two_people_change_one_flow_and_git_merges_them(tmp_path: Path) -> None:
    """Complaints I43, I44, I45: there, a flow is one line, or has a merge window of its own."""
    folder = tmp_path / "books"
    shutil.copytree(TEMPLATE, folder)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "The template")
    git(folder, "checkout", "-qb", "hers")
    change(folder, "stop: the payment was reversed", "stop: the money went back")
    git(folder, "checkout", "-q", "main")
    change(folder, "timeout: 1d", "timeout: 2d")

    git(folder, "merge", "-q", "--no-edit", "hers")

    text = (folder / FLOW).read_text()
    assert "stop: the money went back" in text
    assert "timeout: 2d" in text
    assert [str(problem) for problem in load(folder).problems] == []
    shown = git(folder, "diff", "-U0", "HEAD~1", "--", FLOW).splitlines()
    changed = [line for line in shown if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.strip("+- ") for line in changed] == [
        "stop: the payment was reversed",
        "stop: the money went back",
    ]
