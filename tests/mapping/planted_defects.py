"""Planted defects: small changes of shipped templates, each with what has to be said of it.

`python -m tests.mapping.planted_defects` draws the table of docs/reference/checks.md from them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.flows.test_templates import TEMPLATES, shapes_of_template

from tillbridge.flows.bundle import TextFile
from tillbridge.flows.folder import Folder, assemble
from tillbridge.mapping.text import any_entries, read_text, scalar_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"
_DRAWN = re.compile(r"(<!-- drawn: planted -->\n).*?(<!-- end -->)", re.DOTALL)
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
    kinds = (("flows", "yaml"), ("mappings", "yaml"), ("lookups", "csv"))
    files = {kind: files_of(defect.template, kind, ending) for kind, ending in kinds}
    folder = defect.file.partition("/")[0]
    (clean,) = [file for file in files[folder] if file.path == defect.file]
    assert clean.text.count(defect.replace) == 1, "the defect is planted in one place"
    text = clean.text.replace(defect.replace, defect.by)
    (line,) = [at for at, line in enumerate(text.split("\n"), 1) if defect.line in line]
    files[folder] = [TextFile(file.path, text) if file is clean else file for file in files[folder]]
    shapes = shapes_of_template(defect.template)
    return assemble(files["flows"], files["mappings"], files["lookups"], shapes), line


def table() -> str:
    """What is found, by an example each."""
    rows = []
    for path in PLANTED:
        about = " ".join(
            line.removeprefix("# ").strip()
            for line in path.read_text().split("\n")
            if line.startswith("# ")
        )
        found = read_defect(path).found
        rows.append(f"| {found['severity']} | `{found['reason']}` | {about} |")
    rows.sort(key=lambda row: (row.startswith("| warning"), row))
    return "\n".join(["| | reason | an example that is found |", "|---|---|---|", *rows, ""])


def page(text: str) -> str:
    """The page with its table as the defects are now."""
    return _DRAWN.sub(lambda part: part[1] + table() + part[2], text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
