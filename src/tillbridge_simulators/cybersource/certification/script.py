"""What a row of the certification says: what it asks for, what must show, what must be refused.

A row never knows who asks for it: Cybersource's own client in our tests, a connection of ours in
`tillbridge certify`, or the account itself, which says what is expected.
"""

import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

Document: TypeAlias = Mapping[str, Any]


class EndedError(Exception):
    """The row cannot go on: what it builds on was answered otherwise. The step says how."""


class LeftOutError(Exception):
    """The row needs what this place does not have; the message says what."""


@dataclass(frozen=True, slots=True)
class Question:
    """One operation that is asked for.

    Attributes:
        parameters: of its path and its query, by their names in the index.
        by_stranger: signed with a secret that is not ours.
    """

    key: str
    document: Document | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    by_stranger: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What came back: the body is JSON read, text that is none, or None where nothing came."""

    status: int
    body: Any = None

    @property
    def reason(self) -> str:
        """Why it was refused, by whichever of Cybersource's shapes says so; "" otherwise."""
        if not isinstance(self.body, dict):
            return ""
        errors = self.body.get("errors")
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            return str(errors[0].get("type") or errors[0].get("reason") or "")
        return str(self.body.get("reason") or self.body.get("status") or "")


Put: TypeAlias = Callable[[Question], Told]
"""Asks and waits for the answer."""


class Means(Protocol):
    """What a place gives to pay with. All but `organization` raise LeftOutError where it cannot."""

    @property
    def organization(self) -> str:
        """The merchant who asks."""
        ...

    def token(self, outcome: str) -> str:
        """A stored payment instrument whose payments end so (outcomes.OUTCOMES)."""
        ...

    def transient(self) -> str:
        """A transient token, as a browser gets one."""
        ...

    def identifier(self) -> str:
        """An instrument identifier whose payments are authorized."""
        ...

    def card(self) -> str:
        """A published test card number."""
        ...

    def file(self, name: str, text: str) -> Document:
        """The body that uploads a file: its text by its name."""
        ...

    def trigger(self, name: str, **given: str) -> None:
        """Makes something happen (triggers.TRIGGERS)."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a row, and how the answer differs from what the row says.

    Attributes:
        way: "done": it must be taken. "shown": so must it, and show something. "refused".
        flaws: "status: 400, not 201"; empty where it is as it should be.
    """

    question: Question
    way: Literal["done", "shown", "refused"]
    told: Told
    flaws: tuple[str, ...] = ()


class Script:
    """Runs a row's questions; keeps each as a step."""

    def __init__(self, put: Put, means: Means) -> None:
        self.steps: list[Step] = []
        self.means = means
        self._put = put
        self._mark = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    def do(self, key: str, document: Document | None = None, /, **parameters: str) -> Any:
        """It must be taken; the body of its answer. Raises EndedError."""
        question = Question(key, document, parameters)
        told = self._put(question)
        taken = 200 <= told.status < 300
        flaws = () if taken else (f"status: {_status(told)}, not 2xx",)
        self.steps.append(Step(question, "done", told, flaws))
        if not taken:
            raise EndedError(key)
        return told.body

    def shows(self, key: str, wanted: Mapping[str, Any], /, **parameters: str) -> Any:
        """Reads state back: the answer must show these values at these dotted places.

        ANY is any value, and None means that nothing may stand there. In a list, a number in the
        place picks an item, and so does `name=value`. Raises EndedError.
        """
        question = Question(key, None, parameters)
        return self._shown(question, wanted)

    def finds(
        self, key: str, document: Document, wanted: Mapping[str, Any], /, **parameters: str
    ) -> Any:
        """The same where the reading is a question with a body: a search."""
        return self._shown(Question(key, document, parameters), wanted)

    def refused(
        self,
        key: str,
        status: int,
        reason: str,
        document: Document | None = None,
        /,
        **parameters: str,
    ) -> None:
        """It must be refused so; `reason` as `Told.reason` reads it."""
        self._refused(Question(key, document, parameters), status, reason)

    def knows_nobody_else(
        self, key: str, document: Document | None = None, /, **parameters: str
    ) -> None:
        """For what refuses nobody whom it knows: a stranger is not let in."""
        self._refused(Question(key, document, parameters, by_stranger=True), 401, "")

    def new(self, word: str) -> str:
        """A name that nothing here had before: "order-9f86d081-1"."""
        return f"{word}-{self._mark}-{next(self._numbers)}"

    def _shown(self, question: Question, wanted: Mapping[str, Any]) -> Any:
        told = self._put(question)
        if not 200 <= told.status < 300:
            flaws: tuple[str, ...] = (f"status: {_status(told)}, not 2xx",)
        else:
            found = {place: _at(told.body, place) for place in wanted}
            flaws = tuple(
                f"{place}: {found[place]!r}, not {value!r}"
                for place, value in wanted.items()
                if not _agrees(found[place], value)
            )
        self.steps.append(Step(question, "shown", told, flaws))
        if not 200 <= told.status < 300:
            raise EndedError(question.key)
        return told.body

    def _refused(self, question: Question, status: int, reason: str) -> None:
        told = self._put(question)
        found, wanted = (told.status, told.reason), (status, reason)
        flaws = () if found == wanted else (f"refusal: {_status(told)}, not {status} {reason}",)
        self.steps.append(Step(question, "refused", told, flaws))


ANY: object = object()
"""Any value that stands there."""


def _agrees(found: object, wanted: object) -> bool:
    return found is not None if wanted is ANY else found == wanted


def _at(body: Any, place: str) -> Any:
    for part in filter(None, place.split(".")):
        if isinstance(body, list):
            body = _item(body, part)
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


def _item(rows: list[Any], part: str) -> Any:
    name, equals, value = part.partition("=")
    if equals:
        return next((row for row in rows if isinstance(row, dict) and row.get(name) == value), None)
    return rows[int(part)] if part.isdigit() and int(part) < len(rows) else None


def _status(told: Told) -> str:
    return f"{told.status} {told.reason}".strip()
