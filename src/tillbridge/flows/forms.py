"""What may stand in a flow's file: the reader, the JSON Schema and the reference page ask here."""

from typing import Final

from tillbridge.flows.days import WEEKDAYS
from tillbridge.flows.inputs import INPUT_SORTS
from tillbridge.flows.step_forms import STEP_FAMILIES, STEP_FORMS, STEPS
from tillbridge.flows.trigger import BUSINESS_KINDS, TRIGGER_KEYS
from tillbridge.mapping.form import (
    DURATION_VALUE,
    EXPRESSION_VALUE,
    NAME_VALUE,
    TEXT_VALUE,
    TIME_VALUE,
    TRUTH_VALUE,
    Form,
    Key,
    either,
    family,
    group,
    language,
    list_of,
    named,
    whole,
    words,
)
from tillbridge.mapping.forms import FAMILIES, PARTS, RULES

_KINDS: Final = list_of(words(*BUSINESS_KINDS), told="list of event kinds")
_INPUTS: Final = named(
    either(words(*INPUT_SORTS), group("input")), told="types by name, or [input](#input) by name"
)
RUNS_AT_ONCE_MAX: Final = 1_000

SCHEDULE: Final = Form(
    "schedule",
    "Planned times, by the clock on the wall of a zone: a time the clock skips in spring starts"
    " right after the gap, one it shows twice in autumn starts once. A crontab line whose hour is"
    " `*` goes by time that passes.",
    (
        Key(
            "at",
            either(TIME_VALUE, list_of(TIME_VALUE), told="`06:30`, or a list"),
            "times of the day",
        ),
        Key("cron", TEXT_VALUE, "a crontab line: minute, hour, day, month, day of week"),
        Key("zone", TEXT_VALUE, "an IANA time zone, such as Europe/Berlin", required=True),
        Key(
            "days",
            words(
                "every_day",
                "working_days",
                "first_working_day",
                "last_working_day",
                "last_day_of_month",
            ),
            "which days of the month; working days are Monday to Friday without holidays",
            default="every_day",
        ),
        Key("weekdays", list_of(words(*WEEKDAYS)), "only these"),
        Key("days_of_month", list_of(whole(1, 31)), "only these"),
        Key(
            "holidays",
            NAME_VALUE,
            "a look-up table whose keys are days (2026-12-25); a holiday never counts",
        ),
        Key(
            "missed",
            words("once", "all", "skip"),
            "what follows planned times at which nothing ran: one run for all, one for each, none",
            default="once",
        ),
    ),
    one_of=(("at", "cron"),),
    example="""schedule:
  at: "06:00"
  days: last_working_day
  holidays: bank-holidays
  zone: Europe/Berlin
""",
)

FILE: Final = Form(
    "file",
    "Files dropped into a folder. A file is read when it has not changed for a while, checked"
    " whole, and never twice: the same content under the same name is the same file.",
    (
        Key("folder", TEXT_VALUE, "inside the folder of `tillbridge.yaml`", required=True),
        Key("pattern", TEXT_VALUE, "of the file's name, with `*` and `?`", required=True),
        Key("format", words("csv", "json", "jsonl", "xml"), "how it is read", required=True),
        Key("row", _INPUTS, "the fields of a row and their types; without it all are text"),
        Key("rows", TEXT_VALUE, "json, xml: the path to the records, such as `batch.refunds`"),
        Key("separator", TEXT_VALUE, "csv: between fields", default=","),
        Key("encoding", TEXT_VALUE, "of the text", default="utf-8"),
        Key("settled", DURATION_VALUE, "how long it has to be unchanged", default="5s"),
        Key("batch", whole(1, 10_000), "rows a run", default="10000"),
        Key("rows_max", whole(1, 1_000_000), "a longer file is refused", default="100000"),
        Key("size_max_mb", whole(1, 1_000), "a larger file is refused", default="50"),
    ),
    example="""file:
  folder: drop/refunds
  pattern: "*.csv"
  format: csv
  row: { order: text, amount: money }
  batch: 1
""",
)

CHANGES: Final = Form(
    "changes",
    "Records of a connection that changed since the last time it was asked, each once: a run a"
    " record. Where asking got to (the cursor) is kept with them.",
    (
        Key("from", TEXT_VALUE, "the connection", required=True),
        Key("ask", TEXT_VALUE, "which of its polls", required=True),
        Key("every", DURATION_VALUE, "how often it is asked", default="5m"),
        Key("fields", RULES, "what narrows it, as constants"),
        Key("record", _INPUTS, "the fields of a record and their types; without it all are text"),
    ),
    example="""changes:
  from: dynamics
  ask: sales_orders
  every: 5m
  record: { ordernumber: text, statecode: integer }
""",
)

WINDOW: Final = Form(
    "window",
    "Events collected until a window closes: `trigger.events` are those of the window.",
    (
        Key("of", _KINDS, "the kinds that are collected", required=True),
        Key("by", EXPRESSION_VALUE, "events with the same text share a window, over the event"),
        Key("length", DURATION_VALUE, "from its first event until it closes", required=True),
        Key("events_max", whole(1, 10_000), "a window with so many closes at once", default="1000"),
    ),
    example="""window:
  of: [payment.captured]
  by: payment.connection
  length: 1d
""",
)

INPUT: Final = Form(
    "input",
    "A field that comes in, when its type alone does not say it all.",
    (
        Key("type", words(*INPUT_SORTS), "money is written `12.50 USD`", required=True),
        Key("from", TEXT_VALUE, "the column, attribute or path; its own name by default"),
        Key("required", TRUTH_VALUE, "an empty one is refused", default="true"),
    ),
)

FLOW: Final = Form(
    "flow",
    "What starts a run, then steps.",
    (
        Key("flow", NAME_VALUE, "its name: small letters, digits, hyphens", required=True),
        Key("title", TEXT_VALUE, "for people"),
        Key("lane", TEXT_VALUE, "the connection whose lane runs it", required=True),
        Key("starts_on", _KINDS, "the kinds of events that start it"),
        Key("schedule", group("schedule"), "planned times"),
        Key("file", group("file"), "files dropped into a folder"),
        Key("changes", group("changes"), "changed records of a connection"),
        Key("window", group("window"), "a window over events"),
        Key("takes", _INPUTS, "what another flow or a person gives it"),
        Key("condition", EXPRESSION_VALUE, "only when this is true"),
        Key(
            "subject",
            EXPRESSION_VALUE,
            "what a run is about, such as the number of the order: it is part of every effect's"
            " key; by default the order, or the name of what came in",
        ),
        Key("concurrency", whole(1, RUNS_AT_ONCE_MAX), "how many of its runs at once"),
        Key("paused", TRUTH_VALUE, "its runs are kept and wait", default="false"),
        Key(
            "on_failure",
            words("hold", "hold_all", "go_on", "stop_all"),
            "what follows a dead letter: later runs of its lane that have not begun wait for it,"
            " those of other flows only (a later run of this flow takes its place), or all; or they"
            " go on; or all wait and the flow is paused until a person resumes it",
            default="hold",
        ),
        Key("steps", list_of(family(STEPS), told="steps"), "taken in order", required=True),
    ),
    one_of=(TRIGGER_KEYS,),
)

FLOW_LANGUAGE: Final = language(
    "flow",
    "A Tillbridge flow",
    "flow",
    (FLOW, SCHEDULE, FILE, CHANGES, WINDOW, INPUT, *STEP_FORMS, *PARTS),
    {**STEP_FAMILIES, **FAMILIES},
)
