"""`tillbridge approvals`: questions that runs wait for."""

import asyncio

import click

from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.desk.approvals import Approval, open_approvals
from tillbridge.journeys.approval import answer_approval

why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")


@click.group(cls=Commands, default="list")
def approvals() -> None:
    """See which questions runs wait for, and answer them."""


@approvals.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@pass_surroundings
def list_approvals(surroundings: Surroundings, limit: int) -> None:
    """List open questions, longest waiting first."""
    found = asyncio.run(_list(surroundings, limit))
    if not found:
        say("No approvals: no run waits for anybody's answer.")
        return
    table(
        ("number", "question", "shows", "for", "flow", "who may", "since", "until"),
        [
            (
                approval.id,
                approval.question,
                ", ".join(f"{name}: {text}" for name, text in approval.shows.items()),
                approval.subject,
                approval.flow,
                ", ".join(approval.may) or "every operator",
                approval.asked_at,
                approval.due_at,
            )
            for approval in found
        ],
    )
    next_step("Answer: tillbridge approvals approve NUMBER --why ... (or refuse)")


@approvals.command("approve")
@click.argument("number", type=int)
@why_option
@pass_surroundings
def approve(surroundings: Surroundings, number: int, why: str) -> None:
    """Say yes to question NUMBER; its run goes on."""
    asyncio.run(_answer(surroundings, number, why, approved=True))
    say(f"Approval {number} is given; its run goes on.")


@approvals.command("refuse")
@click.argument("number", type=int)
@why_option
@pass_surroundings
def refuse(surroundings: Surroundings, number: int, why: str) -> None:
    """Say no to question NUMBER; its run takes what its flow says for a no."""
    asyncio.run(_answer(surroundings, number, why, approved=False))
    say(f"Approval {number} is refused; its run takes what its flow says for a no.")


async def _list(surroundings: Surroundings, limit: int) -> list[Approval]:
    async with surroundings.database() as database:
        return await open_approvals(database, limit)


async def _answer(surroundings: Surroundings, number: int, why: str, *, approved: bool) -> None:
    async with surroundings.house() as house:
        await answer_approval(house, number, who(), why, approved=approved)
