"""Clerking: what a person at the desk does about dead letters, each with who and why in the audit.

take -> edit (a second person confirms what bears money) -> replay, one or many, or cancel
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from tillbridge.access.audit import record
from tillbridge.canonical.card_data import scan
from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import Rejected
from tillbridge.database.database import Database, Tx
from tillbridge.desk.approvals import BY_COMMAND
from tillbridge.journeys.card_guard import card_data_found
from tillbridge.journeys.house import House
from tillbridge.journeys.money_bearing import bears_money
from tillbridge.journeys.replay import replay_dead_letter
from tillbridge.journeys.steer import reason_of
from tillbridge.runs import dead_letters as desk
from tillbridge.runs.dead_letters import AtRisk, LettersLike
from tillbridge.runs.patches import (
    Edit,
    Proposal,
    answer_proposal,
    edited,
    patch,
    proposal,
    propose,
)

MANY = 1_000
"""So many dead letters are replayed by one command at most; asked again it goes on."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What became of an edit: a patch that holds, or a proposal that a second person answers."""

    patch: int | None = None
    proposal: int | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a bulk replay would take: how many of each class, and the money they are about."""

    count: int
    by_kind: dict[str, int]
    at_risk: list[AtRisk]


@dataclass(frozen=True, slots=True)
class Left:
    """A dead letter that a bulk replay left alone, and why."""

    run_id: int
    why: str


@dataclass(slots=True)
class Many:
    """How far a bulk replay has come."""

    count: int
    replayed: int
    left: list[Left]


async def take(database: Database, run_id: int, operator: str, why: str) -> None:
    """Puts a dead letter into the operator's hands.

    Raises:
        Rejected: no such open letter, somebody else has it, or the reason may not be kept.
    """
    why = reason_of(why)
    async with database.transaction() as tx:
        await desk.take(tx, run_id, operator)
        after = {"owner": operator}
        await record(tx, operator, "take", f"run {run_id}", why=why, after=after)


async def hand_back(database: Database, run_id: int, operator: str, why: str) -> None:
    """Nobody has it in work any more; whoever steers may do that for somebody who is away.

    Raises:
        Rejected: no such open letter, nobody has it, or no reason.
    """
    why = reason_of(why)
    async with database.transaction() as tx:
        before = {"owner": await desk.hand_back(tx, run_id)}
        await record(tx, operator, "hand back", f"run {run_id}", why=why, before=before)


async def correct(
    database: Database, run_id: int, field: str, value: Any, *, operator: str, why: str
) -> Corrected:
    """Changes one field of a dead letter before it is replayed. What bears money is only proposed:
    it holds when a second person has confirmed it.

    Raises:
        Rejected: card data, no reason, no such letter or field, somebody else has it in work, or
            it may not be changed any more.
    """
    edit = Edit(run_id, field, value, operator, reason_of(why))
    found = scan({"field": field, "value": value})
    if found:
        raise card_data_found(found)
    opened = await desk.open_dead_letter(database, run_id)
    desk.expect_at_hand(opened.letter, operator)
    content = encode(opened.content)
    after, _ = edited(content, field, value)
    async with database.transaction() as tx:
        if bears_money(content, after):
            return Corrected(proposal=await propose(tx, edit, record=_audit(edit, "propose")))
        return Corrected(patch=await patch(tx, edit, record=_audit(edit, "edit")))


async def confirm(database: Database, number: int, operator: str, why: str) -> Proposal:
    """A second person confirms a change of money: it holds from now on.

    Raises:
        Rejected: no such open proposal, it is the operator's own, or the letter has moved since.
    """
    why = reason_of(why)
    async with database.transaction() as tx:
        found = await proposal(tx, number)
        if _person(found.operator) == _person(operator):
            raise Rejected(
                f"Proposal {number} is {found.operator}'s own: money is changed by two persons.",
                reason="second_person",
                next_step="Ask another operator (tillbridge operators) to approve it.",
            )
        await answer_proposal(tx, number, operator, why, "confirmed")
        edit = Edit(found.run_id, found.field, found.after, found.operator, found.why)
        say = replace(edit, operator=operator, why=why)
        expected = _unchanged_since(found, _audit(say, "approve"))
        await patch(tx, edit, record=expected, confirmed_by=operator)
        return await proposal(tx, number)


async def refuse(database: Database, number: int, operator: str, why: str) -> Proposal:
    """A change of money is not made; who proposed it may take it back that way, too.

    Raises:
        Rejected: no such open proposal, or no reason.
    """
    why = reason_of(why)
    async with database.transaction() as tx:
        await answer_proposal(tx, number, operator, why, "refused")
        found = await proposal(tx, number)
        await record(tx, operator, "refuse", f"run {found.run_id}", why=why)
        return found


async def count_like(database: Database, like: LettersLike) -> Counted:
    """What a bulk replay of these would take; nothing is done."""
    found = await desk.dead_letters(database, _open(like), limit=MANY)
    kinds: dict[str, int] = {}
    sums: dict[str, AtRisk] = {}
    for letter in found:
        kinds[letter.kind] = kinds.get(letter.kind, 0) + 1
        if letter.at_risk is not None:
            before = sums.get(letter.at_risk.currency)
            money = letter.at_risk if before is None else before.money + letter.at_risk
            sums[money.currency] = AtRisk(money, 1 if before is None else before.count + 1)
    return Counted(len(found), kinds, [sums[name] for name in sorted(sums)])


async def replay_like(
    house: House,
    like: LettersLike,
    operator: str,
    why: str,
    *,
    told: Callable[[Many], None] | None = None,
) -> Many:
    """Replays many, oldest first, each in the first safe way and in a commit of its own.

    It only queues: the new runs wait for their lanes, for gates and budgets like any work. One
    that cannot be replayed is left where it is, and named. `told` hears of the progress.

    Raises:
        Rejected: no reason.
    """
    why = reason_of(why)
    found = await desk.dead_letters(house.database, _open(like), limit=MANY)
    many = Many(len(found), 0, [])
    for letter in reversed(found):
        try:
            await replay_dead_letter(house, letter.run_id, operator, why)
            many.replayed += 1
        except Rejected as refused:
            many.left.append(Left(letter.run_id, str(refused)))
        if told is not None:
            told(many)
    return many


def _open(like: LettersLike) -> LettersLike:
    return replace(like, also_resolved=False, state="" if like.state == "resolved" else like.state)


def _audit(edit: Edit, verb: str) -> Callable[[Tx, Any], Awaitable[None]]:
    async def note(tx: Tx, replaced: Any) -> None:
        await record(
            tx,
            edit.operator,
            verb,
            f"run {edit.run_id}",
            why=edit.why,
            before={edit.field: replaced},
            after={edit.field: edit.value},
        )

    return note


def _unchanged_since(
    found: Proposal, then: Callable[[Tx, Any], Awaitable[None]]
) -> Callable[[Tx, Any], Awaitable[None]]:
    """What is confirmed is the change that was seen: the field must hold what it held then."""

    async def note(tx: Tx, replaced: Any) -> None:
        if encode(replaced) != encode(found.before):
            raise Rejected(
                f"{found.field} was changed after proposal {found.number} was made.",
                reason="resolved",
                next_step="Refuse it, look at the letter again, and propose anew.",
            )
        await then(tx, replaced)

    return note


def _person(name: str) -> str:
    return name.removesuffix(BY_COMMAND)
