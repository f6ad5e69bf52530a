"""Silence: what ought to be heard and is not, as conditions that people are told of.

A payment system nobody has looked at for long, payments there that fit nothing of ours, a flow
through which nothing comes any more.
"""

from collections.abc import Iterator

from tillbridge.alerts.alerts import Condition
from tillbridge.connections.alerting import Alerting
from tillbridge.connector.abilities import PullsPayments
from tillbridge.journeys.house import House
from tillbridge.journeys.watch_flows import silent_flows
from tillbridge.payments.finds import OpenFinds, count_open_finds
from tillbridge.triggers.pulls import PullRow, all_pulls


async def silences(house: House) -> list[Condition]:
    """What is silent now, by the thresholds of the user's tillbridge.yaml."""
    alerting = house.alerting
    pulled = [row for row in await all_pulls(house.database) if _is_pulled(house, row.connection)]
    return [
        *_late(pulled, alerting),
        *_unplaced(await count_open_finds(house.database), alerting),
        *[
            Condition(
                "flow_silent",
                dog.flow,
                "urgent",
                f"Flow {dog.flow} has not finished its watchdog for {_minutes(dog.silent_s)}",
                f"An event that means nothing was sent through it and did not come through."
                f" {dog.trouble or 'No worker has taken it up.'} What arrives is kept. See"
                " tillbridge flows, tillbridge gates and /health/processing.",
            )
            for dog in await silent_flows(house)
        ],
    ]


def _is_pulled(house: House, name: str) -> bool:
    if name not in house.connections:
        return False
    session = house.connections[name].session
    return isinstance(session, PullsPayments) and session.pull is not None


def _late(pulled: list[PullRow], alerting: Alerting) -> Iterator[Condition]:
    for row in pulled:
        if row.behind_s >= alerting.pull_late_s:
            yield Condition(
                "pull_late",
                row.connection,
                "warning",
                f"{row.connection} was not asked for lost webhooks for {_minutes(row.behind_s)}",
                f"Why: {row.trouble or 'it catches up, or no worker looks'} (tillbridge pulls).",
            )


def _unplaced(counted: list[OpenFinds], alerting: Alerting) -> Iterator[Condition]:
    for one in counted:
        if alerting.unplaced and one.count >= alerting.unplaced and one.meaning == "unplaced":
            yield Condition(
                "unplaced",
                one.connection,
                "warning",
                f"Operations at {one.connection} that fit no payment of ours: {one.count}",
                f"The oldest was found {_minutes(one.oldest_s)} ago. Nothing was done about them:"
                " see tillbridge pulls finds, look them up there, and set them aside.",
            )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"
