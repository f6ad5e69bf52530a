"""`tillbridge format`, as people give it; it needs no database."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.mapping.corpus_files import ROOT

from tillbridge.cli.main import main

UNTIDY = "flow: a  \r\nsteps:\r\n- stop: it is done # why\r\n\r\n\r\n"
TIDY = "flow: a\nsteps:\n  - stop: it is done # why\n"


def give(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--folder", str(folder), "format", *arguments])


@pytest.fixture
def books(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "tillbridge.yaml").write_text("connections: {}\n")
    (tmp_path / "flows" / "a.yaml").write_bytes(UNTIDY.encode())
    return tmp_path


def test_the_files_of_a_folder_are_laid_out_once(books: Path) -> None:
    first, second = give(books), give(books)
    assert first.exit_code == second.exit_code == 0
    assert (books / "flows" / "a.yaml").read_bytes() == TIDY.encode()
    assert "Changed" in first.stdout
    assert "2 files, 1 changed." in first.stdout
    assert "2 files, 0 changed." in second.stdout
    assert sorted(path.name for path in (books / "flows").iterdir()) == ["a.yaml"]


@pytest.mark.complaint("I45")
def test_a_check_changes_nothing_and_says_so_by_its_exit_code(books: Path) -> None:
    result = give(books, "--check")
    assert result.exit_code == 1
    assert "Would change" in result.stdout
    assert (books / "flows" / "a.yaml").read_bytes() == UNTIDY.encode()
    give(books)
    assert give(books, "--check").exit_code == 0


def test_a_folder_with_nothing_to_lay_out_does_not_pass_for_one_that_is(
    books: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    result = give(books, "--check", str(tmp_path_factory.mktemp("elsewhere")))
    assert result.exit_code == 2
    assert "There is no YAML file to lay out" in result.stderr


def test_files_are_named_one_by_one_and_keep_their_rights(books: Path) -> None:
    path = books / "flows" / "a.yaml"
    path.chmod(0o640)
    assert give(books, str(path)).exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_bytes() == TIDY.encode()


def test_what_is_not_yaml_is_told_with_its_line_and_the_others_are_done(books: Path) -> None:
    (books / "flows" / "0.yaml").write_text("flow: [a\n")
    (books / "flows" / "1.yaml").write_bytes(b"flow: \xff\n")
    result = give(books)
    assert result.exit_code == 1
    assert f"{books / 'flows' / '0.yaml'}:1" in result.stderr.replace("\n", "")
    assert "not UTF-8" in result.stderr
    assert (books / "flows" / "a.yaml").read_bytes() == TIDY.encode()


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "src" / "tillbridge" / "templates").iterdir()), ids=os.path.basename
)
def test_templates_are_laid_out(folder: Path) -> None:
    result = give(folder, "--check")
    assert result.exit_code == 0, result.output
