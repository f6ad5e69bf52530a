"""`tillbridge init`: a folder of your own, from a template."""

import sys
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from tillbridge.assembly import OWN_FOLDER
from tillbridge.canonical.errors import Rejected
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.cli.templates import (
    Question,
    answered,
    contents,
    questions,
    template,
    templates,
    title_of,
)
from tillbridge.connections.configuration import FILE

IGNORED = ".gitignore"


@click.command()
@click.argument(
    "folder", required=False, type=click.Path(file_okay=False, path_type=Path), default=None
)
@click.option(
    "--template",
    "name",
    default="",
    help="Its name, or the path of a folder; else they are listed.",
)
@click.option("--list", "only_list", is_flag=True, help="List the templates.")
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="CONNECTION.SETTING=VALUE",
    help="What a template asks, answered beforehand.",
)
@pass_surroundings
def init(
    surroundings: Surroundings,
    folder: Path | None,
    name: str,
    only_list: bool,
    answers: tuple[str, ...],
) -> None:
    """Make a folder of text files: connections, flows, mappings, look-up tables, tests."""
    if only_list or not name:
        rows = [(known, title_of(at)) for known, at in templates().items()]
        table(("template", "what it does"), rows)
        next_step("Choose one: tillbridge init FOLDER --template NAME")
        return
    chosen = template(name)
    target = folder if folder is not None else surroundings.site.folder
    text = chosen.joinpath(FILE).read_text(encoding="utf-8")
    given = _given(answers, questions(text))
    written = copy(chosen, target, answered(text, given))
    say(f"Made {target} with {len(written)} files from {name}.")
    next_step(
        f"Try it: tillbridge --folder {target} test. Then fill in {target / FILE}, set its secrets"
        f" (tillbridge secrets list shows which), and: tillbridge --folder {target} check"
    )


def copy(chosen: Traversable, target: Path, configuration: str) -> list[Path]:
    """Copies a template, its connections as answered; answers what was written.

    Raises:
        Rejected: a file is there already; then nothing is written.
    """
    found = dict(contents(chosen))
    found[Path(FILE)] = configuration.encode()
    found.setdefault(Path(IGNORED), f"{OWN_FOLDER}/\n".encode())
    there = sorted(str(path) for path in found if (target / path).exists())
    if there:
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        raise Rejected(
            f"{target} has {', '.join(there[:3])}{more} already; nothing was written.",
            reason="not_empty",
            next_step="Choose another folder.",
        )
    for path, content in found.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    return sorted(found)


def _given(answers: tuple[str, ...], asked: list[Question]) -> dict[str, str]:
    """The answers; where somebody sits at a terminal, what is not answered is asked."""
    known = {one.name: one for one in asked}
    given = {}
    for answer in answers:
        name, equals, value = answer.partition("=")
        if not equals or name not in known:
            raise Rejected(
                f"The template does not ask {name!r}.",
                reason="unknown_answer",
                next_step=f"It asks: {', '.join(known) or 'nothing'}.",
            )
        given[name] = value
    if sys.stdin.isatty():
        for one in asked:
            if one.name not in given:
                given[one.name] = click.prompt(f"{one.connection}: {one.words}", default="")
    return given
