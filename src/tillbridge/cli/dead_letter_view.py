"""How dead letters are shown: rows of the desk, one with all it holds."""

from collections.abc import Iterable, Sequence

from tillbridge.canonical.card_data import mask_json
from tillbridge.cli.printing import age, heading, say, table
from tillbridge.cli.runs import facts, show_effects
from tillbridge.journeys.replay_ways import ReplayWay
from tillbridge.runs.dead_letters import AtRisk, AttemptRow, DeadLetter, Opened
from tillbridge.runs.history import EffectRow
from tillbridge.runs.patches import Patch, Proposal

Leaf = tuple[str, object]
COLUMNS = (
    *("run", "order", "at", "class", "at risk", "whose turn", "in work", "since", "why"),
    "resolution",
)


def show_opened(opened: Opened, effects: list[EffectRow], ways: Sequence[ReplayWay]) -> None:
    """One with its input, what it did, and how it may be run again."""
    letter = opened.letter
    facts(
        {
            "run": letter.run_id,
            "order": letter.subject,
            "at": letter.target,
            "flow": letter.flow or opened.journey,
            "step": letter.step,
            "why": letter.message,
            "class": letter.kind,
            "reason": letter.reason,
            "next step": letter.next_step,
            "whose turn": letter.whose_turn,
            "at risk": letter.at_risk or "",
            "since": letter.opened_at,
            "state": letter.state.replace("_", " "),
            "in work": letter.owner,
            "resolution": letter.resolution,
        }
    )
    heading("Its input, field by field")
    table(("field", "value"), leaves(mask_json(opened.content)))
    for patch in opened.patches:
        say(_patch(patch))
    for proposal in opened.proposals:
        say(_proposal(proposal))
    show_effects(effects)
    heading("Its attempts")
    columns = ("run", "version", "started", "ended", "state", "how")
    table(columns, [_attempt(one) for one in opened.attempts])
    if ways:
        heading("How it may be run again")
        table(("from", "version", "", "safe", "why"), [_way(one) for one in ways])


def _patch(patch: Patch) -> str:
    second = f", confirmed by {patch.confirmed_by}" if patch.confirmed_by else ""
    field = f" {patch.field}" if patch.field else ""
    return f"Changed by {patch.operator}{second}:{field}: {patch.why}"


def _attempt(one: AttemptRow) -> tuple[object, ...]:
    version = one.flow_version[:12]
    return (one.run_id, version, one.started_at, one.ended_at, one.state, one.ending)


def _way(way: ReplayWay) -> tuple[object, ...]:
    start, safe = way.start.replace("_", "-"), "yes" if way.is_safe else "no"
    return (start, way.version, way.flow_version[:12], safe, way.why)


def leaves(tree: object, path: str = "") -> list[Leaf]:
    """Every value of a document with its path, as `edit` takes it."""
    if isinstance(tree, dict) and tree:
        inner = [leaves(value, f"{path}.{name}") for name, value in tree.items()]
    elif isinstance(tree, list | tuple) and tree:
        inner = [leaves(value, f"{path}.{at}") for at, value in enumerate(tree)]
    else:
        shown = "" if tree is None else tree
        return [(path.removeprefix("."), shown if isinstance(shown, str) else str(shown))]
    return [leaf for part in inner for leaf in part]


def row_of(letter: DeadLetter) -> tuple[object, ...]:
    """A row of the desk, under COLUMNS."""
    return (
        letter.run_id,
        letter.subject,
        letter.target,
        letter.kind,
        letter.at_risk or "",
        letter.whose_turn,
        letter.owner,
        age(letter.opened_at),
        letter.message,
        letter.resolution,
    )


def sums(at_risk: Iterable[AtRisk]) -> str:
    """Money by currency, and how many letters it is in."""
    return ", ".join(f"{one.money} in {one.count}" for one in at_risk)


def _proposal(one: Proposal) -> str:
    change = f"{one.field}: {one.before} -> {one.after} ({one.operator}: {one.why})"
    if one.answer == "open":
        return f"Proposal {one.number} waits for a second person: {change}"
    return f"Proposal {one.number} is {one.answer} by {one.answered_by}: {change}"


def advice(letter: DeadLetter) -> str:
    """What the person who looks at it does next."""
    run_id = letter.run_id
    if letter.resolved_at is not None:
        return f"It is resolved. The order's story: tillbridge trace {letter.subject}"
    return (
        f"{letter.next_step or 'Mend the cause.'} To correct its data: tillbridge dead-letters edit"
        f" {run_id} FIELD VALUE --why ...; then: tillbridge dead-letters replay {run_id} --why ..."
    )
