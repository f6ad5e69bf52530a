"""Each planted defect is named: file, line, what is wrong and what to do. Nothing else is."""

from pathlib import Path

import pytest
from tests.flows.test_templates import TEMPLATES, shapes_of_template
from tests.mapping.planted_defects import PAGE, PLANTED, files_of, page, planted, read_defect

from tillbridge.flows.folder import assemble


@pytest.mark.parametrize("path", PLANTED, ids=[path.stem for path in PLANTED])
@pytest.mark.complaint("I25", "I27")
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


def test_the_page_of_checks_shows_them() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "python -m tests.mapping.planted_defects"
