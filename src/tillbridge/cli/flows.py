"""`tillbridge flows`: which flows are active, when they start next, and how to pause one."""

import asyncio
from datetime import timedelta

import click

from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import age, heading, next_step, say, span, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys import steer
from tillbridge.journeys.flow_view import FlowView, flow_view, flow_views
from tillbridge.triggers.planned_times import Firing

why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")


@click.group(cls=Commands, default="list")
def flows() -> None:
    """See which flows are active, and pause one by hand."""


@flows.command("list")
@pass_surroundings
def list_flows(surroundings: Surroundings) -> None:
    """List every active flow."""
    found = asyncio.run(_list(surroundings))
    table(
        ("flow", "title", "starts on", "lane", "next start", "paused", "last watchdog", "version"),
        [
            (
                view.name,
                view.title,
                ", ".join(view.starts_on),
                view.lane,
                next(iter(view.next_starts), ""),
                view.paused,
                _heard(view),
                view.version[:12],
            )
            for view in found
        ],
    )
    next_step(
        "See one: tillbridge flows show FLOW. Stop one: tillbridge flows pause FLOW --why ..."
    )


@flows.command("show")
@click.argument("flow")
@pass_surroundings
def show_flow(surroundings: Surroundings, flow: str) -> None:
    """Show FLOW: what starts it, and its next and last planned times."""
    view, fired = asyncio.run(_show(surroundings, flow))
    say(f"{view.name}: {view.title}. Version {view.version}.")
    say(f"Starts on {', '.join(view.starts_on)}; runs in the lane of {view.lane}.")
    if view.concurrency is not None:
        say(f"At most {view.concurrency} of its runs are advanced at once.")
    if view.paused:
        say(f"Paused: {view.paused}.")
    if heard := _heard(view):
        say(f"The last watchdog came through {heard}.")
    if view.next_starts:
        heading("Next planned times")
        table(("at",), [(at,) for at in view.next_starts])
    if fired:
        heading("Last planned times")
        rows = [(one.planned_at, "started" if one.fired else "passed over") for one in fired]
        table(("at", "what happened"), rows)


@flows.command("pause")
@click.argument("flow")
@why_option
@pass_surroundings
def pause_flow(surroundings: Surroundings, flow: str, why: str) -> None:
    """Pause FLOW. What arrives for it is kept, and its runs wait."""
    asyncio.run(_pause(surroundings, flow, why))
    say(f"{flow} is paused; every worker sees it within a second. What arrives is kept.")
    next_step(f"Let it go on: tillbridge flows resume {flow} --why ...")


@flows.command("resume")
@click.argument("flow")
@why_option
@pass_surroundings
def resume_flow(surroundings: Surroundings, flow: str, why: str) -> None:
    """Let FLOW go on. What waited goes on within a minute."""
    asyncio.run(_resume(surroundings, flow, why))
    say(f"{flow} goes on; what waited is taken within a minute.")


def _heard(view: FlowView) -> str:
    """When an event that means nothing came through last, and whether one is missing."""
    last = "never" if view.heard_at is None else f"{age(view.heard_at)} ago"
    if view.silent_s:
        missing = span(timedelta(seconds=view.silent_s))
        return f"{last}; one is under way for {missing} {view.trouble}".rstrip()
    return last if view.heard_at is not None else ""


async def _list(surroundings: Surroundings) -> list[FlowView]:
    async with surroundings.house() as house:
        return await flow_views(house)


async def _show(surroundings: Surroundings, flow: str) -> tuple[FlowView, list[Firing]]:
    async with surroundings.house() as house:
        return await flow_view(house, flow)


async def _pause(surroundings: Surroundings, flow: str, why: str) -> None:
    async with surroundings.house() as house:
        await steer.pause_flow(house, flow, who(), why)


async def _resume(surroundings: Surroundings, flow: str, why: str) -> None:
    async with surroundings.house() as house:
        await steer.resume_flow(house, flow, who(), why)
