"""The scenes of the crash campaign: one for each gap, and one for each plant."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from campaigns.points import Death
from campaigns.program import (
    AFTERNOON,
    MORNING,
    PARCELS,
    PAYMENTS,
    Program,
    Shopper,
    one_capture,
)
from campaigns.site import ERPS, Erp
from campaigns.town import Scene
from tillbridge_simulators.faults import FaultKind
from tillbridge_simulators.shop.shoppers import Ending

FACTOR = 40.0
"""Divides every wait of the everyday towns."""
PASSINGS_MAX = 3
_PLANT_FACTOR = 20.0
_PLANT_PATIENCE_S = 25.0


_AFTERNOONS: Mapping[Erp, Program] = {
    "dynamics": one_capture(*PARCELS),
    "sage": Program(AFTERNOON),
}


def variants(seed: int) -> list[tuple[Scene, ...]]:
    """The halves of an everyday, for each ERP, with and without fences.

    Each half is there twice: whether a commit goes the short way or the long one is a matter of
    luck, so in one of the two it always goes the long way. What is always passed there, and not
    always without, has its town there. In the afternoon a hold takes one capture with Dynamics, and
    several with Sage.
    """
    return [
        tuple(
            Scene(
                name=f"{erp}, {'fences' if fence else 'no fences'}, {half}{way}",
                erp=erp,
                fence=fence,
                program=program,
                seed=seed,
                factor=FACTOR,
                long_way=bool(way),
            )
            for way in ("", ", the long way")
            for half, program in (("morning", Program(MORNING)), ("afternoon", _AFTERNOONS[erp]))
        )
        for erp in ERPS
        for fence in (True, False)
    ]


def always_passed(dry_runs: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The points that every dry run passed, and how often at least."""
    first = dry_runs[0]
    return {
        point: min(passed[point] for passed in dry_runs)
        for point in first
        if all(passed.get(point) for passed in dry_runs)
    }


def deadly(dry: Mapping[Scene, Mapping[str, int]], draw: random.Random) -> Iterator[Scene]:
    """A town for each point: a process dies there, at one of the first passings.

    `dry`: how often each half of a variant passed each point. A point has its town in the half
    that passed it most.
    """
    for point in dict.fromkeys(point for points in dry.values() for point in points):
        best = max(dry, key=lambda scene: dry[scene].get(point, 0))
        passing = draw.randint(1, min(dry[best][point], PASSINGS_MAX))
        yield replace(best, name=f"{best.name}: {point}", death=Death(point, passing))


_UNASKED = {"report_every_s": "0", "pull_every_s": "0"}
"""Nobody asks Cybersource what became of its payments."""


def planted(seed: int) -> dict[str, Scene]:
    """By plant, the town that it must break, and that holds without it."""
    return {
        "no_key": _scene(
            seed,
            _one("lose_answer", "capture", ending="ship_in_two"),
            fence=False,
            connection={"absent_after_s": "60"},
        ),
        "intent_after_send": _scene(
            seed,
            _one("", "", ending="ship_in_two"),
            fence=False,
            death=Death("worker: after send capture"),
        ),
        "ack_before_commit": _scene(
            seed, _one("", ""), death=Death("api: after answer of doors webshop")
        ),
        "resolve_before_send_by": _scene(
            seed,
            _one("slow", "capture", seconds=114, ending="ship_in_two"),
            fence=False,
            connection={"absent_after_s": "20"},
            timeout_s=120,
            death=Death("worker: during send capture"),
        ),
        "resend_on_not_yet": _scene(
            seed,
            _one("lose_answer", "capture", ending="ship_in_two"),
            fence=False,
            account={"search_lag_s": 60.0},
            connection={"search_lag_s": "60", "absent_after_s": "300"},
        ),
        "no_fence": _scene(
            seed,
            _one("lose_answer", "authorization"),
            account={"search_lag_s": 900.0},
            connection={"search_lag_s": "900", "absent_after_s": "0"},
        ),
        "no_send_by": _scene(
            seed,
            _one("", ""),
            fence=False,
            connection={"absent_after_s": "100"},
            death=Death(
                "api: before send authorization",
                stall_s=130.0 / _PLANT_FACTOR,
                then="api: during send authorization",
            ),
        ),
        "anew_forgotten": _authorized_anew(seed, Death("worker: after send authorization")),
        "no_sweep": _scene(
            seed,
            _one("lose_answer", "capture"),
            fence=False,
            account={"search_lag_s": 120.0},
            connection={"search_lag_s": "120", "absent_after_s": "300", **_UNASKED},
        ),
    }


def _authorized_anew(seed: int, death: Death) -> Scene:
    """A second parcel whose hold is asked for anew, by a worker that dies."""
    program = one_capture(_one("", "", ending="ship_in_two"))
    return _scene(seed, program, fence=False, death=death)


def _scene(
    seed: int,
    played: Shopper | Program,
    *,
    fence: bool = True,
    account: Mapping[str, Any] | None = None,
    connection: Mapping[str, str] | None = None,
    timeout_s: int = 30,
    death: Death | None = None,
) -> Scene:
    if isinstance(played, Shopper):
        played = Program((played,), account or {}, connection or {}, timeout_s)
    return Scene(
        name="",
        erp="dynamics",
        fence=fence,
        program=played,
        seed=seed,
        factor=_PLANT_FACTOR,
        death=death,
        patience_s=_PLANT_PATIENCE_S,
    )


def _one(kind: FaultKind | Literal[""], operation: str, *, seconds: float = 0.0,
         ending: Ending = "ship") -> Shopper:  # fmt: skip
    """One shopper of whom no webhook tells, and one thing that goes wrong."""
    faults: list[tuple[str, str, FaultKind, float]] = [(PAYMENTS, "webhook", "lost", 0.0)]
    if kind:
        faults.append((PAYMENTS, operation, kind, seconds))
    return Shopper("alone", ending=ending, faults=tuple(faults))
