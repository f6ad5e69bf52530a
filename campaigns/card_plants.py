"""Plants of the card data campaign: each takes one guard away, and must be seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tillbridge.access import audit
from tillbridge.api import answers
from tillbridge.canonical import card_data, card_text, card_traces, card_tree, errors
from tillbridge.desk import approvals, notices
from tillbridge.inbox import inbox
from tillbridge.journeys import ask, card_guard, deliver, drop, receive, steer
from tillbridge.watch import log_line


@dataclass(frozen=True, slots=True)
class Plant:
    """A guard that is taken away: where it stands, and what stands there instead."""

    title: str
    places: tuple[tuple[Any, str], ...]
    instead: Callable[..., Any]

    def put(self) -> None:
        """Takes it away, in this process."""
        for module, name in self.places:
            setattr(module, name, self.instead)


def _same(text: str, *_: object) -> str:
    return text


def _nothing(*_: object, **__: object) -> list[Any]:
    return []


def _body(body: bytes, *_: object) -> tuple[bytes, list[str]]:
    return body, []


def _let_in(_connection: object, delivery: object) -> tuple[object, list[str]]:
    return delivery, []


async def _expect_nothing(*_: object, **__: object) -> None:
    """Every document is fit to leave."""


async def _as_told(_database: object, _at: object, _way: str, told: object) -> object:
    return told


def _refuse_all(_connection: object, delivery: Any) -> tuple[object, list[str]]:
    """Refuses what should be masked: the fact is gone."""
    if card_data.may_hold(delivery.body) and card_data.scan_body(delivery.body):
        raise card_guard.card_data_found(["the body"])
    return delivery, []


PLANTS: Final[Mapping[str, Plant]] = {
    "open_door": Plant("doors do not look", ((receive, "screened"),), _let_in),
    "open_headers": Plant(
        "headers and queries are not looked at",
        ((card_guard, "_around"), (inbox, "may_hold")),
        _nothing,
    ),
    "no_spellings": Plant("escapes and base64 are not read", ((card_text, "readings"),), _nothing),
    "no_splits": Plant("fields are looked at one by one", ((card_data, "split_over"),), _nothing),
    "no_scripts": Plant(
        "digits of other scripts are none",
        ((card_data, "plain_text"), (card_text, "plain_text"), (card_traces, "plain_text")),
        _same,
    ),
    "open_patches": Plant("what operators give is not looked at", ((steer, "scan"),), _nothing),
    "open_input": Plant("inputs of runs are not looked at", ((ask, "scan"),), _nothing),
    "open_files": Plant("rows of files are not looked at", ((drop, "scan"),), _nothing),
    "files_kept": Plant("refused files stay as they were", ((drop, "_blank"),), _nothing),
    "open_writes": Plant("documents leave unseen", ((deliver, "expect_clean"),), _expect_nothing),
    "open_reads": Plant("answers are kept as told", ((card_guard, "without_card_data"),), _as_told),
    "open_desk": Plant(
        "texts for people are kept as they are",
        ((notices, "mask"), (approvals, "mask"), (audit, "mask")),
        _same,
    ),
    "open_logs": Plant("log lines are written as they are", ((log_line, "mask"),), _same),
    "open_errors": Plant("errors say what they saw", ((errors, "mask"), (answers, "mask")), _same),
    "ids_forgotten": Plant(
        "declared ids are not exempt", ((card_data, "exempted"), (card_tree, "exempted")), _nothing
    ),
    "facts_refused": Plant(
        "what should be masked is refused", ((receive, "screened"),), _refuse_all
    ),
}
