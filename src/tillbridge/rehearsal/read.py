"""Tests of flows from text. Errors carry the file, the line and the field."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, cast

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.connections.configuration import Configured
from tillbridge.connector.settings import declared
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.folder import Folder
from tillbridge.mapping.form import seconds_of
from tillbridge.mapping.text import (
    Entries,
    Node,
    any_entries,
    entries_of,
    items_of,
    read_text,
    scalar_of,
    unknown,
    word_of,
)
from tillbridge.outside.pointing import SYSTEMS
from tillbridge.rehearsal.happenings import read_happening, read_trigger
from tillbridge.rehearsal.orders import cancellation_of, read_order, read_refund, read_shipment
from tillbridge.rehearsal.story import (
    CARDS,
    ENDINGS,
    FAULTS,
    WRITE_ENDINGS,
    Act,
    Beginning,
    Checkout,
    Decision,
    DeskAct,
    Document,
    Elsewhere,
    Ending,
    ExpectedRun,
    ExpectedWrite,
    Fault,
    FaultKind,
    Happening,
    Passage,
    Story,
    StoryFile,
    Telling,
    Weather,
    WriteEnding,
)

TESTS_MAX: Final = 200
TIMES_MAX: Final = 10_000
ANSWERS = (
    *("authorized", "partial", "declined", "in_review", "challenge", "refused", "pending"),
    "abandoned",
)
OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "cybersource": (
        *(
            "authorization",
            "capture",
            "reversal",
            "void",
            "refund",
            "timeout_reversal",
            "timeout_void",
        ),
        *("search", "details", "conversion_details", "webhook", "*"),
        *("invoice", "invoice_update", "invoice_delivery", "invoice_publication"),
        *("invoice_cancellation", "invoice_settings", "payment_link", "payment_link_update"),
        *("plan", "plan_update", "plan_activation", "plan_deactivation", "plan_deletion"),
        *("subscription", "subscription_follow_on", "subscription_update"),
        *("subscription_activation", "subscription_suspension", "subscription_cancellation"),
        *("subscription_skips", "case_decision", "case_comment", "fraud_marking", "list_entry"),
    ),
    "dynamics365": (
        *("sales_order", "sales_order_cancellation", "sales_order_fulfilment"),
        *("sales_order_release", "sales_order_hold", "sales_order_change"),
        *("payment_transaction", "account", "read", "token", "*"),
    ),
    "sagepro": (
        *("login", "read", "sales_order", "sales_order_release", "sales_order_cancellation"),
        *("payment_transaction", "*"),
    ),
    "shop": ("checkout", "fulfilment", "cancellation", "refund", "payment_status", "*"),
}
"""By simulated system, what a fault can be about."""
BUILT_IN: Final = "release-hold-"
"""Begins the names of the flows that are always there."""
_MORE: Final[Mapping[str, tuple[str, ...]]] = {
    "checkout": ("card", "key", "answer", "owed"),
    "decision": ("accept",),
    "trigger": ("invoice", "link", "payment", "customer", "amount", "outcome", "on"),
    "start": ("name", "planned_at", "outcome", "who", "fields", "rows", "subject"),
    "approve": ("by",),
    "refuse": ("by",),
}
"""What a step may say beside its own name."""


class StoryReader:
    """Reads the tests of one folder."""

    def __init__(self, folder: Folder, configured: Mapping[str, Configured]) -> None:
        self._folder = folder
        self._configured = configured

    def read(self, file: TextFile) -> StoryFile:
        """The tests of a file. Raises Misconfigured at the file, line and field."""
        root = entries_of(
            read_text(file.text, file.path), required=("tests",), optional=("orders", "title")
        )
        orders = {
            number: read_order(number, node) for number, node in _named(root, "orders").items()
        }
        nodes = items_of(root.nodes["tests"])
        if not 0 < len(nodes) <= TESTS_MAX:
            raise _wrong(root.place, f"A file has 1 to {TESTS_MAX} tests.", "Split it.")
        stories: dict[str, Story] = {}
        for node in nodes:
            story = self._story(node, orders)
            before = stories.setdefault(story.name, story)
            if before is not story:
                raise _wrong(
                    story.place,
                    f"The test {story.name!r} stands already in line {before.place.line}.",
                    "Give one of them another name.",
                )
        return StoryFile(file.path, tuple(stories.values()))

    def _story(self, node: Node, orders: Mapping[str, Document]) -> Story:
        optional = ("settings", "world", "expect")
        entries = entries_of(node, required=("test", "steps"), optional=optional)
        acts: list[Act] = []
        if "world" in entries.nodes:
            acts.append(self._weather(entries.nodes["world"]))
        keys: dict[str, int] = {}
        acts += [self._act(step, orders, keys) for step in items_of(entries.nodes["steps"])]
        empty = Entries({}, entries.place)
        expect = entries_of(
            entries.nodes.get("expect", empty), optional=("writes", "runs", "others")
        )
        others = expect.nodes.get("others")
        return Story(
            name=scalar_of(entries.nodes["test"]).text,
            acts=tuple(acts),
            writes=tuple(self._write(each) for each in _listed(expect, "writes")),
            runs=tuple(self._run(each) for each in _listed(expect, "runs")),
            others=others is not None and word_of(others, ("true", "false"), "value") == "true",
            place=entries.place,
            settings={
                name: self._settings(name, given)
                for name, given in _named(entries, "settings").items()
            },
        )

    def _settings(self, name: str, node: Node) -> Mapping[str, str]:
        """What a connection is set to in this test alone; how it is reached is never the user's."""
        self._system(name, node.place)
        known = {one.name for one in declared(self._configured[name].connector.settings)}
        found = any_entries(node).nodes
        for setting, value in found.items():
            if setting not in known:
                raise unknown(f"setting of {name}", setting, known, value.place)
        return {setting: scalar_of(value).text for setting, value in found.items()}

    def _act(self, node: Node, orders: Mapping[str, Document], keys: dict[str, int]) -> Act:
        kinds: dict[str, Callable[[Entries], Act]] = {
            "checkout": lambda entries: _checkout(entries, orders, keys),
            "shipment": lambda entries: Telling(
                "fulfilment", read_shipment(entries.nodes["shipment"]), entries.place
            ),
            "refund": lambda entries: Telling(
                "refund", read_refund(entries.nodes["refund"]), entries.place
            ),
            "cancellation": lambda entries: Telling(
                "cancellation",
                cancellation_of(scalar_of(entries.nodes["cancellation"]).text),
                entries.place,
            ),
            "decision": _decision,
            "trigger": _elsewhere,
            "event": lambda entries: Happening(
                read_happening(entries.nodes["event"]), entries.place
            ),
            "start": lambda entries: Beginning(
                self._flow(entries.nodes["start"]),
                read_trigger(entries),
                _text(entries, "subject"),
                entries.place,
            ),
            "replay": lambda entries: self._desk("replay", entries),
            "give_up": lambda entries: self._desk("give_up", entries),
            "approve": lambda entries: self._desk("approve", entries),
            "refuse": lambda entries: self._desk("refuse", entries),
            "pass": lambda entries: Passage(seconds_of(entries.nodes["pass"]), entries.place),
            "world": lambda entries: self._weather(entries.nodes["world"]),
        }
        nodes = any_entries(node).nodes
        kind = next((kind for kind in kinds if kind in nodes), None)
        if kind is None:
            first = next(iter(nodes), "")
            raise unknown("step of a test", first, kinds, node.place)
        return kinds[kind](entries_of(node, required=(kind,), optional=_MORE.get(kind, ())))

    def _desk(
        self, verb: Literal["replay", "give_up", "approve", "refuse"], entries: Entries
    ) -> DeskAct:
        who = _text(entries, "by") or "somebody"
        return DeskAct(verb, self._flow(entries.nodes[verb]), who, entries.place)

    def _flow(self, node: Node) -> str:
        flow = scalar_of(node)
        if flow.text not in self._folder.flows and not flow.text.startswith(BUILT_IN):
            raise unknown("flow", flow.text, self._folder.flows, flow.place)
        return flow.text

    def _weather(self, node: Node) -> Weather:
        faults: dict[str, tuple[Fault, ...]] = {}
        down = set()
        for name, rules in any_entries(node).nodes.items():
            system = self._system(name, rules.place)
            found = []
            for rule in items_of(rules):
                if "down" in any_entries(rule).nodes:
                    entries = entries_of(rule, required=("down",))
                    word_of(entries.nodes["down"], ("true",), "value of down")
                    down.add(name)
                    continue
                found.append(_fault(rule, system))
            faults[name] = tuple(found)
        return Weather(faults, frozenset(down), node.place)

    def _system(self, name: str, place: Place) -> str:
        if name not in self._configured:
            raise unknown("connection", name, self._configured, place)
        system = SYSTEMS.get(self._configured[name].connector.name)
        if system is None:
            raise _wrong(
                place,
                f"No simulator stands for {name}: it always answers well.",
                "Remove it from world:.",
            )
        return system

    def _write(self, node: Node) -> ExpectedWrite:
        entries = entries_of(
            node, required=("write",), optional=("times", "fields", "including", "ends")
        )
        wanted = scalar_of(entries.nodes["write"])
        connection, _, document = wanted.text.partition("/")
        known = self._folder.library.connection(connection, wanted.place)
        if document not in known.writes:
            raise unknown(
                f"document that {connection} writes", document, known.writes, wanted.place
            )
        fields, including = entries.nodes.get("fields"), entries.nodes.get("including")
        if fields is not None and including is not None:
            raise _wrong(
                entries.place,
                "A write says either its whole document or a part of it.",
                "Give one of fields: and including:.",
            )
        ends = entries.nodes.get("ends")
        word = "done" if ends is None else word_of(ends, WRITE_ENDINGS, "ending of a write")
        return ExpectedWrite(
            connection=connection,
            document=document,
            times=_count(entries, "times", 1),
            fields=fields,
            including=including,
            ends=cast(WriteEnding, word),
            place=entries.place,
        )

    def _run(self, node: Node) -> ExpectedRun:
        entries = entries_of(node, required=("run", "ends"), optional=("because", "times"))
        because = entries.nodes.get("because")
        return ExpectedRun(
            flow=self._flow(entries.nodes["run"]),
            ends=cast(Ending, word_of(entries.nodes["ends"], ENDINGS, "ending of a run")),
            because="" if because is None else scalar_of(because).text,
            times=_count(entries, "times", 1),
            place=entries.place,
        )


def _text(entries: Entries, name: str) -> str:
    return scalar_of(entries.nodes[name]).text if name in entries.nodes else ""


def _checkout(entries: Entries, orders: Mapping[str, Document], keys: dict[str, int]) -> Checkout:
    number = scalar_of(entries.nodes["checkout"])
    if number.text not in orders:
        raise unknown("order in this file", number.text, orders, number.place)
    keys[number.text] = keys.get(number.text, 0) + 1
    nodes = entries.nodes
    return Checkout(
        order_number=number.text,
        document=orders[number.text],
        card=word_of(nodes["card"], CARDS, "card") if "card" in nodes else "authorized",
        key=scalar_of(nodes["key"]).text if "key" in nodes else f"A{keys[number.text]}",
        answer=word_of(nodes["answer"], ANSWERS, "answer") if "answer" in nodes else "",
        owed=_text(entries, "owed").partition(" ")[0],
        place=entries.place,
    )


def _elsewhere(entries: Entries) -> Elsewhere:
    told = {name: scalar_of(node).text for name, node in entries.nodes.items()}
    return Elsewhere(told.pop("trigger"), told, entries.place)


def _decision(entries: Entries) -> Decision:
    entries = entries_of(entries, required=("decision", "accept"))
    accept = word_of(entries.nodes["accept"], ("true", "false"), "value of accept")
    return Decision(scalar_of(entries.nodes["decision"]).text, accept == "true", entries.place)


def _fault(node: Node, system: str) -> Fault:
    entries = entries_of(node, required=("on", "fault"), optional=("seconds", "status", "times"))
    return Fault(
        operation=word_of(entries.nodes["on"], OPERATIONS[system], f"operation of {system}"),
        kind=cast(FaultKind, word_of(entries.nodes["fault"], FAULTS, "fault")),
        seconds=_count(entries, "seconds", 0),
        status=_count(entries, "status", 503),
        times=_count(entries, "times", 0) or None,
    )


def _count(entries: Entries, name: str, otherwise: int) -> int:
    node = entries.nodes.get(name)
    if node is None:
        return otherwise
    scalar = scalar_of(node)
    if not (scalar.text.isascii() and scalar.text.isdigit()) or int(scalar.text) > TIMES_MAX:
        raise _wrong(scalar.place, f"{scalar.text!r} is no count.", f"Write 0 to {TIMES_MAX}.")
    return int(scalar.text)


def _named(root: Entries, name: str) -> Mapping[str, Node]:
    return any_entries(root.nodes[name]).nodes if name in root.nodes else {}


def _listed(entries: Entries, name: str) -> tuple[Node, ...]:
    return items_of(entries.nodes[name]) if name in entries.nodes else ()


def _wrong(place: Place, message: str, next_step: str) -> Misconfigured:
    return Misconfigured(message, reason="bad_test", place=place, next_step=next_step)
