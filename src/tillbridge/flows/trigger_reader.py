"""What starts a flow, from text."""

import codecs
import re
from datetime import date, time
from pathlib import PurePosixPath
from typing import Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.canonical.events import Kind
from tillbridge.flows.cron import read_cron
from tillbridge.flows.days import WEEKDAYS, DayOf, Days
from tillbridge.flows.forms import CHANGES, FILE, INPUT, SCHEDULE, WINDOW
from tillbridge.flows.inputs import INPUT_SORTS, Input, InputSort
from tillbridge.flows.library import Library
from tillbridge.flows.schedule import Schedule
from tillbridge.flows.trigger import (
    BUSINESS_KINDS,
    TRIGGER_KEYS,
    FileFormat,
    OnCall,
    OnChange,
    OnEvent,
    OnFile,
    OnSchedule,
    OnWindow,
    Trigger,
)
from tillbridge.mapping.apply import prepare
from tillbridge.mapping.expression import compile_expression, parse_expression
from tillbridge.mapping.form import TIME, VARIABLE, Filled, fill, seconds_of, whole_of
from tillbridge.mapping.mapping import lookups_of
from tillbridge.mapping.read import NAME_MAX_CHARACTERS, read_name, read_rules
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.text import (
    Entries,
    Items,
    Node,
    Scalar,
    any_entries,
    items_of,
    scalar_of,
    shown,
    unknown,
    word_of,
)
from tillbridge.mapping.time_functions import day_from

_PATTERN: Final = re.compile(r"[^/\\\0]+")
_EVERY_MIN_S: Final = 5


class TriggerReader:
    """Reads a flow's trigger; remembers the lookups it uses."""

    def __init__(self, library: Library) -> None:
        self.lookups: set[str] = set()
        self._library = library

    def trigger(self, root: Filled) -> Trigger:
        """What starts the flow. Raises Misconfigured."""
        key = next(key for key in TRIGGER_KEYS if root.has(key))
        node = root.node(key)
        match key:
            case "starts_on":
                return OnEvent(read_kinds(node))
            case "schedule":
                return OnSchedule(self._schedule(fill(node, SCHEDULE)))
            case "file":
                return self._file(fill(node, FILE))
            case "changes":
                return self._changes(fill(node, CHANGES))
            case "window":
                return self._window(fill(node, WINDOW))
            case _:
                return OnCall(self._inputs(node))

    def _schedule(self, form: Filled) -> Schedule:
        cron = form.maybe("cron")
        return Schedule(
            days=self._days(form),
            times=() if cron is not None else _times(form.node("at")),
            cron=None if cron is None else read_cron(scalar_of(cron)),
            zone=_zone(scalar_of(form.node("zone"))),
            missed=form.word("missed"),  # type: ignore[arg-type]  # one of the form's words
            place=form.place,
        )

    def _days(self, form: Filled) -> Days:
        weekdays = (word_of(each, WEEKDAYS, "weekday") for each in form.items("weekdays"))
        of_month = form.form.key("days_of_month").value.of
        assert of_month is not None, "the form declares a list of numbers"
        days = Days(
            kind=cast(DayOf, form.word("days")),
            weekdays=frozenset(WEEKDAYS.index(each) for each in weekdays),
            of_month=frozenset(whole_of(each, of_month) for each in form.items("days_of_month")),
            holidays=self._holidays(form.maybe("holidays")),
        )
        if days.kind == "last_day_of_month" and days.holidays:
            raise _wrong(
                form.node("holidays").place,
                "A month whose last day is a holiday would be left out.",
                "Use days: last_working_day.",
            )
        return days

    def _holidays(self, node: Node | None) -> frozenset[date]:
        if node is None:
            return frozenset()
        name = read_name(node)
        if name not in self._library.lookups:
            raise unknown("lookup", name, self._library.lookups, node.place)
        self.lookups.add(name)
        found: set[date] = set()
        for key, rows in self._library.lookups[name].rows.items():
            try:
                found.add(day_from(key if isinstance(key, str) else " ".join(key)))
            except Rejected as error:
                raise _wrong(rows[0].place, error.message, error.next_step) from error
        return frozenset(found)

    def _file(self, form: Filled) -> OnFile:
        file_format = cast(FileFormat, form.word("format"))
        for key, formats in (("rows", ("json", "xml")), ("separator", ("csv",))):
            if form.has(key) and file_format not in formats:
                raise _wrong(
                    form.node(key).place,
                    f"{key} means nothing for {file_format}.",
                    "Remove it, or mend the format.",
                )
        return OnFile(
            folder=_folder(scalar_of(form.node("folder"))),
            pattern=_pattern(scalar_of(form.node("pattern"))),
            format=file_format,
            rows=form.text("rows"),
            separator=_separator(form),
            encoding=_encoding(form),
            settled_s=form.seconds("settled"),
            batch=form.whole("batch"),
            rows_max=form.whole("rows_max"),
            size_max_bytes=form.whole("size_max_mb") * 1_000_000,
            inputs=self._inputs(form.maybe("row")),
        )

    def _changes(self, form: Filled) -> OnChange:
        source, ask = scalar_of(form.node("from")), scalar_of(form.node("ask"))
        shapes = self._library.connection(source.text, source.place)
        if ask.text not in shapes.polls:
            raise unknown(f"poll of {source.text}", ask.text, shapes.polls, ask.place)
        inputs = self._inputs(form.maybe("record"))
        known = shapes.poll_fields.get(ask.text, ())
        for item in inputs:
            if known and item.source not in known:
                raise unknown(f"field of {ask.text}", item.source, known, item.place)
        fields = form.maybe("fields")
        filler = None
        if fields is not None:
            rules = read_rules(fields)
            self.lookups |= lookups_of(rules)
            target = shapes.polls[ask.text]
            filler = prepare(rules, event_scope(), target, self._library.lookups, fields.place)
        every_s = form.seconds("every")
        if every_s < _EVERY_MIN_S:
            raise _wrong(form.node("every").place, "That is too often.", "Write at least 5s.")
        return OnChange(source.text, ask.text, every_s, filler, inputs)

    def _window(self, form: Filled) -> OnWindow:
        by = form.maybe("by")
        return OnWindow(
            of=read_kinds(form.node("of")),
            by=None
            if by is None
            else compile_expression(
                parse_expression(by), event_scope(), wanted=("text", "integer")
            ),
            length_s=seconds_of(form.node("length")),
            events_max=form.whole("events_max"),
        )

    @staticmethod
    def _inputs(node: Node | None) -> tuple[Input, ...]:
        if node is None:
            return ()
        return tuple(_input(name, each) for name, each in any_entries(node).nodes.items())


def read_kinds(node: Node) -> tuple[Kind, ...]:
    """Event kinds a flow may name, each once. Raises Misconfigured."""
    found: list[Kind] = []
    for item in items_of(node):
        kind = Kind(word_of(item, BUSINESS_KINDS, "event kind"))
        if kind in found:
            raise _wrong(item.place, f"{kind} stands here twice.", "Remove one.")
        found.append(kind)
    if not found:
        raise _wrong(node.place, "There is no event kind here.", "Name at least one.")
    return tuple(found)


def _input(name: str, node: Node) -> Input:
    if not VARIABLE.fullmatch(name) or len(name) > NAME_MAX_CHARACTERS:
        raise _wrong(
            node.place,
            f"{shown(name)} is not fit for a name in expressions.",
            f"Write small letters, digits and _, and where it comes from: from: {shown(name)}.",
        )
    if not isinstance(node, Entries):
        sort = word_of(node, INPUT_SORTS, "type")
        return Input(name, cast(InputSort, sort), True, name, node.place)
    form = fill(node, INPUT)
    source = form.text("from") or name
    return Input(
        name, cast(InputSort, form.word("type")), form.truth("required"), source, form.place
    )


def _times(node: Node) -> tuple[time, ...]:
    nodes = items_of(node) if isinstance(node, Items) else (node,)
    found: list[time] = []
    for each in nodes:
        scalar = scalar_of(each)
        if not TIME.fullmatch(scalar.text):
            raise _wrong(
                scalar.place,
                f"{shown(scalar.text)} is not a time.",
                'Write hour and minute in quotes: "06:30".',
            )
        at = time.fromisoformat(scalar.text)
        if at in found:
            raise _wrong(scalar.place, f"{scalar.text} stands here twice.", "Remove one.")
        found.append(at)
    if not found:
        raise _wrong(node.place, "There is no time here.", "Name at least one.")
    return tuple(sorted(found))


def _zone(scalar: Scalar) -> ZoneInfo:
    try:
        return ZoneInfo(scalar.text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise unknown("time zone", scalar.text, available_timezones(), scalar.place) from error


def _folder(scalar: Scalar) -> str:
    path = PurePosixPath(scalar.text)
    if path.is_absolute() or ".." in path.parts or "\\" in scalar.text:
        raise _wrong(
            scalar.place,
            f"{shown(scalar.text)} leads out of the folder of tillbridge.yaml.",
            "Name a folder inside it, such as drop/refunds; link it elsewhere if need be.",
        )
    return str(path)


def _pattern(scalar: Scalar) -> str:
    if not _PATTERN.fullmatch(scalar.text):
        raise _wrong(
            scalar.place,
            f"{shown(scalar.text)} is not a pattern of a file's name.",
            "Name folders in folder:, and here only the file, such as refunds_*.csv.",
        )
    return scalar.text


def _separator(form: Filled) -> str:
    separator = {"tab": "\t"}.get(form.text("separator"), form.text("separator"))
    if len(separator) != 1:
        raise _wrong(
            form.node("separator").place,
            f"{shown(separator)} is not one character.",
            "Write one, such as ; or tab.",
        )
    return separator


def _encoding(form: Filled) -> str:
    encoding = form.text("encoding")
    try:
        found = codecs.lookup(encoding)
    except LookupError:
        found = None
    if found is None or not found._is_text_encoding:
        raise _wrong(
            form.node("encoding").place,
            f"{shown(encoding)} is not a text encoding.",
            "Write one that Python knows, such as utf-8, cp1252 or latin-1.",
        )
    return found.name


def _wrong(place: Place, message: str, next_step: str) -> Misconfigured:
    return Misconfigured(message, reason="bad_flow", place=place, next_step=next_step)
