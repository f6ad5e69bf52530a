"""Each planted defect is named: file, line, what is wrong and what to do. Nothing else is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.flows.test_templates import TEMPLATES, shapes_of_template

from tillbridge.flows.bundle import TextFile
from tillbridge.flows.folder import Folder, assemble
from tillbridge.mapping.text import any_entries, read_text, scalar_of

PLANTED = sorted((Path(__file__).parent / "planted").glob("*.yaml"))


@dataclass(frozen=True)
class Defect:
    """A small change of a shipped template, and how it has to be named."""

    template: Path
    file: str
    replace: str
    by: str
    line: str
    found: Mapping[str, str]


def read_defect(path: Path) -> Defect:
    entries = any_entries(read_text(path.read_text(), path.name)).nodes
    found = {
        name: scalar_of(node).text for name, node in any_entries(entries["found"]).nodes.items()
    }
    texts = {name: getattr(node, "text", "") for name, node in entries.items() if name != "found"}
    (template,) = [each for each in TEMPLATES if each.name == texts["template"]]
    by = texts["by"]
    return Defect(template, texts["file"], texts["replace"], by, texts.get("line") or by, found)


def files_of(template: Path, folder: str, ending: str) -> list[TextFile]:
    paths = sorted((template / folder).glob(f"*.{ending}"))
    return [TextFile(f"{folder}/{path.name}", path.read_text()) for path in paths]


def planted(defect: Defect) -> tuple[Folder, int]:
    """The template with the defect, and the line it stands in."""
    mappings = []
    lines = []
    for file in files_of(defect.template, "mappings", "yaml"):
        text = file.text
        if file.path == defect.file:
            assert text.count(defect.replace) == 1, "the defect is planted in one place"
            text = text.replace(defect.replace, defect.by)
            lines = [at for at, line in enumerate(text.split("\n"), 1) if defect.line in line]
        mappings.append(TextFile(file.path, text))
    (line,) = lines
    folder = assemble(
        files_of(defect.template, "flows", "yaml"),
        mappings,
        files_of(defect.template, "lookups", "csv"),
        shapes_of_template(defect.template),
    )
    return folder, line


@pytest.mark.parametrize("path", PLANTED, ids=[path.stem for path in PLANTED])
def test_a_planted_defect_is_named_with_its_line_and_what_to_do(path: Path) -> None:
    defect = read_defect(path)
    folder, line = planted(defect)
    [flaw] = set(folder.flaws)
    assert (flaw.severity, flaw.reason) == (defect.found["severity"], defect.found["reason"])
    assert (flaw.place.file, flaw.place.line) == (defect.file, line)
    assert defect.found["message"] in flaw.message
    assert defect.found["next_step"] in flaw.next_step


def test_ten_and_more_defects_are_planted() -> None:
    assert len({read_defect(path).found["reason"] for path in PLANTED}) >= 10


@pytest.mark.parametrize("template", TEMPLATES, ids=[path.name for path in TEMPLATES])
def test_the_shipped_templates_have_neither_errors_nor_warnings(template: Path) -> None:
    folder = assemble(
        files_of(template, "flows", "yaml"),
        files_of(template, "mappings", "yaml"),
        files_of(template, "lookups", "csv"),
        shapes_of_template(template),
    )
    assert [str(flaw) for flaw in folder.flaws] == []
