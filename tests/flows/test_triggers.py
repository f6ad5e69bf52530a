"""What starts a flow besides events: from text, and what comes in with it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.flows.texts import CONNECTIONS
from tests.mapping.values import event

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.events import TRIGGERS, Collected, Event, EventData, Kind, Trigger
from tillbridge.canonical.money import Money
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.flow import Flow
from tillbridge.flows.folder import Folder, assemble, load_folder
from tillbridge.flows.inputs import check_given, text_of
from tillbridge.flows.library import ConnectionShapes
from tillbridge.flows.steps import AggregateStep
from tillbridge.flows.trigger import BUSINESS_KINDS, OnCall, OnChange, OnFile, OnWindow

POLLED = DocumentShape("sales_orders", "Orders", (Field("state", "text"),))
POLLING = {
    **CONNECTIONS,
    "sage": ConnectionShapes(
        "sagepro", {}, {}, {"sales_orders": POLLED}, {"sales_orders": ("sono", "state")}
    ),
}
FILE = """file:
  folder: drop/refunds
  pattern: "*.csv"
  format: csv
  row:
    number: text
    amount: {type: money, from: Betrag}
    day: date
    pieces: {type: integer, required: false}
  batch: 1
"""
CHANGES = """changes:
  from: sage
  ask: sales_orders
  every: 1m
  fields: {state: {constant: open}}
  record: {number: {type: text, from: sono}, state: text}
"""
TAKES = "takes: {number: text, amount: money, sure: boolean, at: instant, share: decimal}\n"
STOP = "steps:\n  - stop: done\n"


def folder(trigger: str, steps: str = STOP) -> Folder:
    file = TextFile("flows/f.yaml", f"flow: f\nlane: dynamics\n{trigger}{steps}")
    return assemble([file], [], [], POLLING)


def read(trigger: str, steps: str = STOP) -> Flow:
    found = folder(trigger, steps)
    for problem in found.problems:
        raise problem
    return found.flows["f"]


def came(kind: Kind, trigger: Trigger) -> Event:
    """An event of a trigger's kind."""
    at = datetime(2026, 11, 21, 6, tzinfo=UTC)
    return Event("1", "tillbridge", kind, "s", at, EventData(trigger=trigger))


ROW = {"number": "1042", "Betrag": "12.50 USD", "day": "2026-11-21", "pieces": "", "rest": "x"}


def test_a_dropped_files_rows_are_read_typed() -> None:
    flow = read(FILE)
    assert isinstance(flow.trigger, OnFile)
    assert (flow.trigger.folder, flow.trigger.pattern) == ("drop/refunds", "*.csv")
    assert (flow.trigger.batch, flow.trigger.settled_s) == (1, 5)
    assert flow.starts_on == (Kind.FILE_DROPPED,)
    dropped = came(Kind.FILE_DROPPED, Trigger("f", "a.csv", rows=(ROW,)))
    trigger = flow.names(dropped)["trigger"]
    assert isinstance(trigger, dict)
    assert trigger["name"] == "a.csv"
    assert trigger["rows"] == (
        {
            "number": "1042",
            "amount": Money.of("12.50", "USD"),
            "day": date(2026, 11, 21),
            "pieces": None,
        },
    )


def test_expressions_know_the_types_of_rows() -> None:
    large = read(FILE + "condition: trigger.rows[0].amount.amount > 10\n")
    dropped = came(Kind.FILE_DROPPED, Trigger("f", rows=(ROW,)))
    assert large.starts(dropped, large.names(dropped))
    with pytest.raises(Misconfigured, match="There is no field 'amont'"):
        read(FILE + "condition: trigger.rows[0].amont.amount > 10\n")
    with pytest.raises(Misconfigured, match="does not take"):
        read(FILE + "condition: trigger.rows[0].day > 10\n")


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("number", "", "In row 1, 'number' is empty or not there. Fill it, or declare"),
        ("Betrag", "12,50", "In row 1, 'Betrag' is '12,50', which is not an amount and its"),
        ("Betrag", "12.505 USD", "which is not an amount and its currency"),
        ("Betrag", "12.50 XXY", "which is not an amount and its currency"),
        ("day", "21.11.2026", "which is not a date such as 2026-11-21"),
        ("pieces", "1.5", "which is not a whole number"),
    ],
)
def test_a_row_that_is_not_as_declared_is_refused(column: str, text: str, message: str) -> None:
    flow = read(FILE)
    dropped = came(Kind.FILE_DROPPED, Trigger("f", rows=({**ROW, column: text},)))
    with pytest.raises(Rejected) as caught:
        flow.names(dropped)
    assert message in str(caught.value)
    assert str(caught.value).startswith("flows/f.yaml:")


def test_a_polled_record_is_read_typed_and_asked_for_with_constants() -> None:
    flow = read(CHANGES)
    assert isinstance(flow.trigger, OnChange)
    assert (flow.trigger.connection, flow.trigger.every_s) == ("sage", 60)
    assert flow.trigger.asked() == {"state": "open"}
    changed = came(Kind.RECORD_CHANGED, Trigger("f", fields={"sono": "7", "state": "open"}))
    trigger = flow.names(changed)["trigger"]
    assert isinstance(trigger, dict)
    assert trigger["fields"] == {"number": "7", "state": "open"}


def test_what_a_call_gives_comes_back_as_it_was() -> None:
    flow = read(TAKES)
    assert isinstance(flow.trigger, OnCall)
    values = {
        "number": "1042",
        "amount": Money.of("0.10", "BHD"),
        "sure": True,
        "at": datetime(2026, 11, 21, 6, 30, tzinfo=UTC),
        "share": Decimal("0.1250"),
    }
    given = {name: text_of(value) for name, value in values.items()}
    check_given(flow.trigger.inputs, given)
    trigger = flow.names(came(Kind.FLOW_CALLED, Trigger("f", fields=given)))["trigger"]
    assert isinstance(trigger, dict)
    assert trigger["fields"] == values


def test_a_person_who_gives_what_is_not_taken_hears_the_nearest() -> None:
    flow = read(TAKES)
    with pytest.raises(Rejected, match=r"takes no field 'amout'\. Did you mean 'amount'\?"):
        check_given(flow.trigger.inputs, {"amout": "1"})
    with pytest.raises(Rejected, match="true or false"):
        flow.names(
            came(
                Kind.RUN_REQUESTED,
                Trigger(
                    "f",
                    fields={
                        "number": "1",
                        "amount": "1 USD",
                        "sure": "perhaps",
                        "at": "2026-11-21T06:00:00Z",
                        "share": "1",
                    },
                ),
            )
        )


def test_a_window_shares_events_by_a_text() -> None:
    flow = read("window: {of: [payment.captured], by: payment.connection, length: 1d}\n")
    assert isinstance(flow.trigger, OnWindow)
    assert flow.trigger.window_of(event()) == "cybersource"
    assert (flow.trigger.length_s, flow.trigger.events_max) == (86_400, 1_000)
    whole = read("window: {of: [payment.captured], length: 1d}\n").trigger
    assert isinstance(whole, OnWindow)
    assert whole.window_of(event()) == ""


def test_the_events_of_a_window_are_added_up() -> None:
    steps = """steps:
  - aggregate: sums
    in: trigger.events
    as: each
    where: has(each.payment)
    by: {currency: each.payment.captured.currency}
    totals: {amount: {sum: each.payment.captured}}
"""
    flow = read("window: {of: [payment.captured], length: 1d}\n", steps)
    captured = event().data.payment
    one = Collected("payment.captured", "1042", event().occurred_at, payment=captured)
    closed = came(Kind.WINDOW_CLOSED, Trigger("f", events=(one, one)))
    step = flow.steps[0]
    assert isinstance(step, AggregateStep)
    assert captured is not None
    [group] = step.result(flow.names(closed))
    assert group["amount"] == captured.captured + captured.captured


def test_a_trigger_is_meant_for_the_flow_it_names() -> None:
    flow = read(TAKES)
    other = came(Kind.RUN_REQUESTED, Trigger("other"))
    assert not flow.starts(other, {})
    assert flow.starts(came(Kind.RUN_REQUESTED, Trigger("f")), {})


def test_a_subject_is_what_a_flow_says_it_is() -> None:
    flow = read(FILE + "subject: trigger.rows[0].number\n")
    dropped = came(Kind.FILE_DROPPED, Trigger("f", rows=(ROW,)))
    assert flow.subject_of(dropped) == "1042"
    assert read(FILE).subject_of(dropped) == "s"


def test_how_many_at_once_and_whether_at_all_are_read() -> None:
    flow = read(TAKES + "concurrency: 3\npaused: true\n")
    assert (flow.concurrency, flow.paused) == (3, True)
    assert (read(TAKES).concurrency, read(TAKES).paused) == (None, False)


def test_a_flow_names_only_what_happens_in_the_business() -> None:
    assert not TRIGGERS & set(BUSINESS_KINDS)
    with pytest.raises(Misconfigured, match=r"There is no event kind 'schedule\.due'"):
        read("starts_on: [schedule.due]\n")


@pytest.mark.parametrize(
    ("trigger", "old", "new", "message"),
    [
        (FILE, "folder: drop/refunds", "folder: ../etc", "leads out of the folder"),
        (FILE, "folder: drop/refunds", "folder: /etc", "leads out of the folder"),
        (FILE, '"*.csv"', '"in/*.csv"', "is not a pattern of a file's name"),
        (FILE, "format: csv", "format: xls", "There is no value of format 'xls'."),
        (FILE, "format: csv", "format: csv\n  rows: a.b", "rows means nothing for csv."),
        (FILE, "format: csv", "format: json\n  separator: ;", "separator means nothing for json."),
        (FILE, "format: csv", "format: csv\n  separator: ;;", "is not one character."),
        (FILE, "format: csv", "format: csv\n  encoding: utf-9", "'utf-9' is not a text encoding."),
        (FILE, "format: csv", "format: csv\n  encoding: base64", "is not a text encoding."),
        (FILE, "number: text", "number: txt", "There is no type 'txt'. Did you mean 'text'?"),
        (FILE, "number: text", "Nr: text", "'Nr' is not fit for a name in expressions."),
        (FILE, "from: Betrag", "form: Betrag", "There is no field 'form'. Did you mean 'from'?"),
        (FILE, "batch: 1", "batch: 0", "'0' is not a whole number from 1 to 10,000."),
        (CHANGES, "from: sage", "from: sag", "There is no connection 'sag'."),
        (CHANGES, "ask: sales_orders", "ask: orders", "There is no poll of sage 'orders'."),
        (CHANGES, "from: sono", "from: sonr", "There is no field of sales_orders 'sonr'. Did"),
        (CHANGES, "every: 1m", "every: 1s", "That is too often."),
        (CHANGES, "{constant: open}", "{constant: [1]}", "fields.state"),
        (TAKES, "takes:", "starts_on: [order.cancelled]\ntakes:", "exclude each other."),
        (TAKES, TAKES, "", "One of starts_on, schedule, file, changes, window, takes is missing."),
        (TAKES, TAKES, TAKES + "concurrency: 0\n", "'0' is not a whole number from 1 to 1,000."),
        (TAKES, TAKES, TAKES + "paused: no\n", "There is no value 'no'."),
    ],
)
def test_a_trigger_that_makes_no_sense_is_refused(
    trigger: str, old: str, new: str, message: str
) -> None:
    assert old in trigger
    assert message in "\n".join(map(str, folder(trigger.replace(old, new, 1)).problems))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "lookups").mkdir()
    with (tmp_path / "lookups/long.csv").open("wb") as file:
        file.truncate(64_000_001)
    [problem] = load_folder(tmp_path, CONNECTIONS).problems
    assert "lookups/long.csv: The file has more than 64,000,000 bytes." in str(problem)
