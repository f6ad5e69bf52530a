"""A connector's settings, declared once: parser, check, form and reference page come from it.

A connector writes a frozen dataclass whose fields are `str`, `int`, `Decimal`, `bool`, `Secret` or
`Literal[...]` and marks each with `setting(...)`.
"""

import dataclasses
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.canonical.money import exact

T = TypeVar("T")

_MARK = "tillbridge.setting"
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_WHOLE = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that is never shown: not in repr, logs, errors or URLs."""

    value: str

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Setting:
    """What a person is told about one setting.

    Attributes:
        title: its name on a form.
        explanation: one or two sentences: what it does, its unit, where to find the value.
        unverified: True where the vendor's documents do not settle the fact behind the default.
    """

    title: str
    explanation: str = ""
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class DeclaredSetting:
    """One declared setting with its type, as forms and reference pages want it."""

    name: str
    about: Setting
    type: str
    required: bool
    default: str
    secret: bool
    options: tuple[str, ...]


def setting(
    title: str,
    explanation: str = "",
    *,
    default: Any = dataclasses.MISSING,
    unverified: bool = False,
) -> Any:  # a dataclass field's type is the annotation's
    """A dataclass field that is a setting; without a default it is required."""
    about = Setting(title, explanation, unverified)
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata={_MARK: about})
    return dataclasses.field(default=default, metadata={_MARK: about})


def declared(shape: type) -> tuple[DeclaredSetting, ...]:
    """The settings of a settings dataclass, in the order they are written."""
    hints = get_type_hints(shape)
    return tuple(_declare(field, hints[field.name]) for field in dataclasses.fields(shape))


def parse_settings(shape: type[T], given: Mapping[str, object], place: Place) -> T:
    """Settings from a connection's text.

    Raises:
        Misconfigured: an unknown name (with the nearest known one), a missing or ill-typed value.
    """
    hints = get_type_hints(shape)
    known = [item.name for item in declared(shape)]
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise Misconfigured(
                f"There is no setting {name!r}.",
                reason="unknown_setting",
                place=place,
                next_step=f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}.",
            )
    for item in declared(shape):
        if item.required and item.name not in given:
            raise Misconfigured(
                f"The setting {item.name!r} ({item.about.title}) is missing.",
                reason="missing_setting",
                place=place,
                next_step="Add it to the connection.",
            )
    return shape(**{name: _fit(name, value, hints[name], place) for name, value in given.items()})


def _declare(field: "dataclasses.Field[Any]", hint: Any) -> DeclaredSetting:
    about = field.metadata.get(_MARK, Setting(field.name))
    required = field.default is dataclasses.MISSING
    secret = hint is Secret
    return DeclaredSetting(
        name=field.name,
        about=about,
        type="choice"
        if get_origin(hint) is Literal
        else getattr(hint, "__name__", str(hint)).lower(),
        required=required,
        default="" if required or secret else str(field.default),
        secret=secret,
        options=tuple(get_args(hint)) if get_origin(hint) is Literal else (),
    )


def _fit(name: str, value: object, hint: Any, place: Place) -> object:
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        hint = next(part for part in get_args(hint) if part is not types.NoneType)
    if get_origin(hint) is Literal and value in get_args(hint):
        return value
    if hint is Secret and isinstance(value, Secret):
        return value
    if hint is Secret and isinstance(value, str):
        return Secret(value)
    if hint is str and isinstance(value, str):
        return value
    if hint is bool and isinstance(value, bool):
        return value
    if hint is bool and isinstance(value, str) and value in _TRUTHS:
        return _TRUTHS[value]
    if hint is int and isinstance(value, int | str) and _WHOLE.fullmatch(str(value)):
        return int(value)
    if hint is Decimal and isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            return exact(value)
        except Rejected as error:
            raise Misconfigured(
                f"The setting {name!r}: {error.message}",
                reason="bad_setting",
                place=place,
                next_step=error.next_step,
            ) from error
    shown = "..." if hint is Secret else repr(value)
    wanted = " or ".join(get_args(hint)) if get_origin(hint) is Literal else hint.__name__
    raise Misconfigured(
        f"The setting {name!r} is {shown}; it takes {wanted}.", reason="bad_setting", place=place
    )
