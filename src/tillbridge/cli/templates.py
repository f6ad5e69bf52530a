"""Templates: folders to begin with, those that come with the program and those of one's own.

A template is a folder like any other. Where its tillbridge.yaml would name a system of somebody's
own, it has a question instead: <Organization address>. `tillbridge init` asks it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import click

from tillbridge.assembly import OWN_FOLDER
from tillbridge.canonical.errors import Rejected
from tillbridge.connections.configuration import FILE
from tillbridge.connector.connector import Connector
from tillbridge.connector.installed import installed_connectors
from tillbridge.connector.settings import DeclaredSetting, declared
from tillbridge.mapping.edit import Edit
from tillbridge.mapping.text import Entries, Node, Scalar, any_entries, read_text, scalar_of

VARIABLE: Final = "TILLBRIDGE_TEMPLATES"
"""Where templates of one's own are kept; a folder of the user's if not set."""
TEXTS: Final = (".yaml", ".csv", ".md", ".svg", ".png")
"""What a template consists of; anything else in the folder is left out."""
LEFT_OUT: Final = (OWN_FOLDER, "schemas", "logs", ".git")
"""Folders that tell of one installation."""
QUESTION: Final = re.compile(r"<([^<>]+)>")
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_ADDRESS: Final = re.compile(r"://|@|\.[a-z]{2,}(:\d+)?(/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """What a template asks: of which connection and setting, and in what words."""

    connection: str
    setting: str
    words: str

    @property
    def name(self) -> str:
        return f"{self.connection}.{self.setting}"


def own_templates() -> Path:
    """The folder of templates of one's own."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else Path(click.get_app_dir("tillbridge")) / "templates"


def templates() -> dict[str, Traversable]:
    """Every template by name; one's own wins over one that comes with the program."""
    found: dict[str, Traversable] = {}
    for root in (files("tillbridge").joinpath("templates"), own_templates()):
        if root.is_dir():
            for at in sorted(root.iterdir(), key=lambda each: each.name):
                if at.joinpath(FILE).is_file():
                    found[at.name] = at
    return found


def template(name: str) -> Traversable:
    """A template by its name, or the folder at a path. Raises Rejected."""
    found = templates()
    if name in found:
        return found[name]
    path = Path(name)
    if (path / FILE).is_file():
        return path
    raise Rejected(
        f"There is no template {name!r}.",
        reason="unknown_template",
        next_step=f"There are: {', '.join(found)}; or give the path of a folder.",
    )


def title_of(at: Traversable) -> str:
    """What a template says it does; "" when it does not."""
    root = any_entries(read_text(at.joinpath(FILE).read_text(encoding="utf-8"), FILE))
    return scalar_of(root.nodes["title"]).text if "title" in root.nodes else ""


def contents(at: Traversable, path: Path = Path()) -> Iterator[tuple[Path, bytes]]:
    """The texts of a template, by their path in it."""
    for inner in at.iterdir():
        if inner.is_dir() and inner.name not in LEFT_OUT:
            yield from contents(inner, path / inner.name)
        elif inner.name.endswith(TEXTS) and not inner.is_dir():
            yield path / inner.name, inner.read_bytes()


def questions(text: str) -> list[Question]:
    """What a template's tillbridge.yaml asks."""
    return [
        Question(connection, setting, match[1])
        for connection, setting, _, value in _settings(text)
        if (match := QUESTION.fullmatch(value))
    ]


def answered(text: str, answers: Mapping[str, str]) -> str:
    """The text with answers in the place of questions. Raises Misconfigured."""
    edit = Edit(text, FILE)
    for connection, setting, within, value in _settings(text):
        answer = answers.get(f"{connection}.{setting}", "")
        if answer and QUESTION.fullmatch(value):
            edit = edit.set(("connections", connection, *within, setting), answer)
    return edit.text


def asking(text: str) -> tuple[str, list[Question]]:
    """A tillbridge.yaml whose addresses and identities are questions, and what it asks.

    Names of secrets stay: they are names, and the secrets themselves are never in the text.
    """
    installed = installed_connectors()
    connectors = _connectors(text)
    edit = Edit(text, FILE)
    asked = []
    for connection, setting, within, value in _settings(text):
        about = _declared(installed.get(connectors[connection]), setting)
        if _is_own(about, value):
            words = about.about.title if about is not None else setting
            edit = edit.set(("connections", connection, *within, setting), f"<{words}>")
            asked.append(Question(connection, setting, words))
    return edit.text, asked


def check_name(name: str) -> str:
    """A template's name. Raises Rejected."""
    if not _NAME.fullmatch(name):
        raise Rejected(
            f"{name!r} is not fit for a template's name.",
            reason="bad_name",
            next_step="Use small letters, digits and hyphens, such as our-web-shop.",
        )
    return name


def _is_own(about: DeclaredSetting | None, value: str) -> bool:
    """Whether a value tells of one's own systems: required texts do, and whatever looks like an
    address; how a connection behaves does not."""
    if about is not None and about.secret:
        return False
    if _ADDRESS.search(value):
        return True
    return about is None or (about.required and about.type == "str")


def _declared(connector: Connector | None, setting: str) -> DeclaredSetting | None:
    if connector is None:
        return None
    known = {one.name: one for one in declared(connector.settings)}
    return known.get(setting)


def _connectors(text: str) -> dict[str, str]:
    root = any_entries(read_text(text, FILE))
    connections = any_entries(root.nodes["connections"]).nodes
    return {
        name: scalar_of(any_entries(node).nodes["connector"]).text
        for name, node in connections.items()
    }


def _settings(text: str) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Every setting: connection, name, the keys between them, and its value."""
    root = any_entries(read_text(text, FILE))
    for connection, node in any_entries(root.nodes["connections"]).nodes.items():
        entries = any_entries(node).nodes
        for setting, value in _texts(entries.get("settings")):
            yield connection, setting, ("settings",), value
        environments = entries.get("environments")
        if isinstance(environments, Entries):
            for environment, inner in environments.nodes.items():
                for setting, value in _texts(inner):
                    yield connection, setting, ("environments", environment), value


def _texts(node: Node | None) -> Iterator[tuple[str, str]]:
    if isinstance(node, Entries):
        for name, value in node.nodes.items():
            if isinstance(value, Scalar):
                yield name, value.text
