"""Versions of flows in the database: kept for good, exactly one active for each flow."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.canonical.errors import Misconfigured
from tillbridge.database.database import Tx
from tillbridge.database.statements import load_statements
from tillbridge.flows.bundle import Bundle
from tillbridge.flows.flow import Flow


@dataclass(frozen=True, slots=True)
class FlowVersion:
    """One published version, for people."""

    flow: str
    version: str
    published_at: datetime
    published_by: str
    active: bool


async def publish(tx: Tx, flow: Flow, *, at: datetime, by: str) -> bool:
    """Keeps the flow's version and makes it the active one; publishing it again changes nothing.

    Args:
        tx: an open transaction, or a connection for a transaction of its own.
        at: the present instant, UTC.
        by: who publishes.

    Returns:
        Whether another version (or none) was active before.
    """
    row = await tx.fetchrow(
        _statement("publish_flow"), flow.name, flow.version, flow.bundle.text, at, by
    )
    return row is not None


async def activate(tx: Tx, name: str, version: str, *, at: datetime, by: str) -> None:
    """Makes an earlier version the active one again. Raises Misconfigured when there is none."""
    if await tx.fetchrow(_statement("activate_flow"), name, version, at, by) is None:
        raise _unknown(name, version)


async def retire(tx: Tx, name: str, *, at: datetime, by: str) -> bool:
    """The flow starts no more runs; those under way go on. False when it was retired before."""
    return await tx.fetchrow(_statement("retire_flow"), name, at, by) is not None


async def active_bundles(tx: Tx) -> dict[str, Bundle]:
    """The active version of each flow that is not retired, by flow name."""
    rows = await tx.fetch(_statement("active_flows"))
    return {row["flow"]: Bundle.from_text(row["bundle"]) for row in rows}


async def load_version(tx: Tx, name: str, version: str) -> Bundle:
    """A published version, active or not: what a run is pinned to. Raises Misconfigured."""
    row = await tx.fetchrow(_statement("flow_version"), name, version)
    if row is None:
        raise _unknown(name, version)
    return Bundle.from_text(row["bundle"])


async def versions_of(tx: Tx, name: str) -> list[FlowVersion]:
    """Every version of a flow, the newest first."""
    rows = await tx.fetch(_statement("flow_versions"), name)
    return [FlowVersion(**dict(row)) for row in rows]


def _statement(name: str) -> str:
    return load_statements("tillbridge.flows", "flows.sql")[name]


def _unknown(name: str, version: str) -> Misconfigured:
    return Misconfigured(
        f"The flow {name!r} has no version {version[:12]}.",
        reason="unknown_version",
        next_step="Publish it first: tillbridge publish.",
    )
