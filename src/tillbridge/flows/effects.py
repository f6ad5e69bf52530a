"""Effects: each is named so that it happens once, and never hides another."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final

from tillbridge.canonical.errors import Place
from tillbridge.canonical.events import Kind
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import EachStep, FromMapping, Step, WaitStep, WriteStep
from tillbridge.flows.trees import paths_of, rule_trees, starts_with, tree_of
from tillbridge.flows.trigger import OnCall, OnChange, OnEvent, OnFile
from tillbridge.flows.walk import walk_steps
from tillbridge.flows.ways import Spot, spots_of
from tillbridge.mapping.apply import Filler
from tillbridge.mapping.expression import Expression
from tillbridge.mapping.flaw import Flaw

MONEY: Final[Mapping[str, str]] = {
    "authorization": "authorized",
    "sale": "charged",
    "capture": "captured",
    "refund": "refunded",
    "credit": "refunded",
}
"""Documents that move money or hold it, and what has happened then."""

_ATTEMPT: Final = ("attempt_key", "authorization_id")
_IDENTITIES: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.ORDER_FULFILLED: ("fulfilment.id",),
    Kind.ORDER_CANCELLED: (),
    Kind.REFUND_REQUESTED: ("refund.id",),
    Kind.PAYMENT_PARTLY_AUTHORIZED: ("payment.owed", "payment.authorized"),
    Kind.PAYMENT_REFUNDED: ("refund.id",),
    Kind.PAYMENT_REFUND_FAILED: ("refund.id",),
    Kind.INVOICE_SENT: (),
    Kind.INVOICE_PARTLY_PAID: ("invoice.request_id", "invoice.balance"),
    Kind.INVOICE_PAID: (),
    Kind.INVOICE_REMINDED: (),
    Kind.INVOICE_OVERDUE: (),
    Kind.INVOICE_CANCELLED: (),
    Kind.LINK_PAID: ("link.request_id",),
    Kind.SUBSCRIPTION_CREATED: ("subscription.id", "subscription.code"),
    Kind.SUBSCRIPTION_RENEWAL_DUE: ("subscription.cycle",),
    Kind.SUBSCRIPTION_RENEWED: ("subscription.request_id",),
    Kind.SUBSCRIPTION_RENEWAL_FAILED: ("subscription.request_id",),
    Kind.SUBSCRIPTION_SUSPENDED: ("subscription.id", "subscription.code"),
    Kind.SUBSCRIPTION_ACTIVATED: ("subscription.id", "subscription.code"),
    Kind.SUBSCRIPTION_CANCELLED: ("subscription.id", "subscription.code"),
    Kind.PAYMENT_SCREENED: ("news.about", "news.said"),
    Kind.CASE_NOTED: ("news.said",),
    Kind.TOKEN_CREATED: ("news.about",),
    Kind.TOKEN_PROVISIONED: ("news.about",),
}
"""What tells two happenings of one kind for one order apart; () where there is only one. Payments
and documents are told apart by the attempt."""

_PASSING: Final = ("event.id", "event.source", "event.occurred_at")
"""What the same happening may have anew when it is told again."""


def inspect_effects(flow: Flow) -> Iterator[Flaw]:
    """Writes that could happen twice, or that could be taken for another and left out."""
    spots = spots_of(flow)
    by_name = {spot.step.name: spot.step for spot in spots if hasattr(spot.step, "name")}
    for spot in spots:
        if isinstance(spot.step, WriteStep):
            yield from _ordinal(flow, spot, spot.step, by_name)
            yield from _for_every_item(spot, spot.step, by_name)
        if isinstance(spot.step, EachStep):
            yield from _item_key(spot.step)
    writes = [spot for spot in spots if isinstance(spot.step, WriteStep)]
    for one, other in combinations(writes, 2):
        yield from _pair(one, other)


def same_target(one: WriteStep, other: WriteStep) -> bool:
    """Whether both write the same kind of document at the same connection."""
    return (one.connection, one.document) == (other.connection, other.document)


def moves_same_money(one: WriteStep, other: WriteStep) -> bool:
    """Whether both could move the money of one debt in the same direction.

    Of two refunds, one that names no amount gives back what the other has left: never twice.
    """
    if one.connection != other.connection:
        return False
    if same_target(one, other) and (_gives_the_rest(one) or _gives_the_rest(other)):
        return False
    charged = {MONEY.get(each.document) for each in (one, other)}
    if None in charged:
        return False
    return len(charged) == 1 or ("charged" in charged and "refunded" not in charged)


def _gives_the_rest(write: WriteStep) -> bool:
    fields = write.fields
    named = not isinstance(fields, Filler) or "amount" in fields.origin.rules
    return write.document == "refund" and not named


def ordinal_text(write: WriteStep) -> str:
    """An ordinal as it can be compared between flows: `paid.data.payment.x` is `payment.x`."""
    if write.ordinal is None:
        return "1"
    text = write.ordinal.text
    for path in sorted(paths_of(tree_of(text)), key=len, reverse=True):
        _, data, part = path.partition(".data.")
        if data:
            text = text.replace(path, part)
    return text


def _ordinal(
    flow: Flow, spot: Spot, write: WriteStep, by_name: Mapping[str, Step]
) -> Iterator[Flaw]:
    place = write.ordinal.place if write.ordinal is not None else write.place
    what = f"{write.document} at {write.connection}"
    for path in _passed(write.ordinal):
        yield Flaw(
            "error",
            "unstable_key",
            f"The ordinal of {write.name} reads {path}: the same happening told a second time has"
            f" another, and {what} is written twice.",
            place,
            "Use what the business gave it: fulfilment.id, refund.id, payment.attempt_key, a"
            " record's id.",
        )
    wanted = _identities(flow)
    if not wanted or (spot.eaches and write.ordinal is None):
        return
    for kind, identities in wanted.items():
        if not any(_identified(path, identities, by_name) for path in _read(write.ordinal)):
            hint = " or ".join(identities)
            yield Flaw(
                "error",
                "missing_key",
                f"Nothing tells the second {kind} of one order from the first: {what} is written"
                " once, and then left out as done before.",
                place,
                f"Give {write.name} an ordinal that reads {hint}.",
            )
            return


def _identities(flow: Flow) -> dict[str, tuple[str, ...]]:
    """By what comes more than once for one subject: what tells it apart."""
    match flow.trigger:
        case OnEvent():
            return {
                str(kind): found
                for kind in flow.trigger.kinds
                if (found := _IDENTITIES.get(kind, tuple(f"payment.{key}" for key in _ATTEMPT)))
            }
        case OnCall():
            return {"call": ("trigger.fields", "trigger.name")}
        case OnChange():
            return {"change": ("trigger.fields", "trigger.name")}
        case OnFile() if flow.subject is not None:
            return {"row": ("trigger.rows", "trigger.name")}
        case _:
            return {}


def _identified(path: str, identities: tuple[str, ...], by_name: Mapping[str, Step]) -> bool:
    """Whether a path tells happenings apart: by itself, or by the step whose answer it reads."""
    root = path.partition(".")[0].partition("[")[0]
    step = by_name.get(root)
    if isinstance(step, WriteStep):
        return any(
            _identified(each, identities, _without(by_name, root)) for each in _read(step.ordinal)
        )
    if isinstance(step, WaitStep):
        path = path.partition(".data.")[2]
        return any(starts_with(path, each) for each in identities)
    if step is not None or root not in _EVENT_ROOTS:
        return True
    if path.startswith("written.references"):
        return True
    return any(starts_with(path, each) for each in identities)


_WHOLE: Final = frozenset({"order", "payment", "fulfilment", "refund"})
"""What is the same for every item of a list."""
_EVENT_ROOTS: Final = frozenset(
    {
        *("event", "order", "payment", "fulfilment", "written", "trigger", "refund"),
        *("invoice", "link", "subscription", "news"),
    }
)


def _without(by_name: Mapping[str, Step], name: str) -> dict[str, Step]:
    return {key: step for key, step in by_name.items() if key != name}


def _for_every_item(spot: Spot, write: WriteStep, by_name: Mapping[str, Step]) -> Iterator[Flaw]:
    """One amount that is moved again for each item of a list."""
    if not spot.eaches or write.document not in MONEY:
        return
    paths = _amount_paths(write, by_name)
    items = [each.variable for each in spot.eaches]
    if paths and all(path.partition(".")[0] in _WHOLE for path in paths):
        yield Flaw(
            "error",
            "double_charge",
            f"{write.name} has the same amount, {' and '.join(sorted(paths))},"
            f" {MONEY[write.document]} for every {items[-1]}.",
            write.place,
            f"Take the item's own amount, such as {items[-1]}.amount, or move the write out of"
            f" {spot.eaches[-1].name}.",
        )


def _amount_paths(write: WriteStep, by_name: Mapping[str, Step]) -> frozenset[str]:
    """What the amount of a write is made of; empty where that is not known."""
    fields: object = write.fields
    if isinstance(fields, FromMapping):
        fields = getattr(by_name.get(fields.step), "filler", None)
    rule = fields.origin.rules.get("amount") if isinstance(fields, Filler) else None
    return frozenset(path for tree in rule_trees(rule) for path in paths_of(tree))


def _item_key(each: EachStep) -> Iterator[Flaw]:
    if not any(starts_with(path, each.variable) for path in _read(each.key)):
        yield Flaw(
            "error",
            "missing_key",
            f"The key of {each.name} does not read {each.variable}: every item has the same, and"
            " the second is refused.",
            each.key.place,
            f"Use what tells the items apart, such as {each.variable}.number.",
        )


def _pair(one: Spot, other: Spot) -> Iterator[Flaw]:
    """Two writes of one flow that one run can both take."""
    first, second = one.step, other.step
    assert isinstance(first, WriteStep) and isinstance(second, WriteStep), "only writes are paired"
    if one.excludes(other) or one.undoes or other.undoes:
        return
    same = one.eaches == other.eaches and ordinal_text(first) == ordinal_text(second)
    if same_target(first, second) and same:
        yield Flaw(
            "error",
            "colliding_keys",
            f"{second.name} has the same effect as {first.name} ({_line(first.place)}):"
            f" {second.document} at {second.connection} with the same ordinal. It is left out as"
            " done before.",
            second.place,
            "Give them ordinals that differ, or remove one.",
        )
    elif moves_same_money(first, second):
        yield Flaw(
            "error",
            "double_charge",
            f"One run can take {first.name} ({_line(first.place)}) and {second.name}: the same"
            f" order may be {MONEY[second.document]} twice at {second.connection}.",
            second.place,
            "Put them into different cases of one branch, or remove one.",
        )


def _line(place: Place) -> str:
    return f"line {place.line}"


def _read(expression: Expression | None) -> frozenset[str]:
    return frozenset() if expression is None else frozenset(paths_of(tree_of(expression.text)))


def _passed(expression: Expression | None) -> list[str]:
    return sorted(path for path in _read(expression) if path in _PASSING)


def writes_of(flow: Flow) -> list[WriteStep]:
    """Every write of a flow, in the order of its text."""
    return [step for step in walk_steps(flow.steps) if isinstance(step, WriteStep)]
