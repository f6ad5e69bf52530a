"""One process of the house: the product's own command, watched from outside.

It is forked from a process that has imported everything, so that it is there at once; that is the
only difference to the command as people start it.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tillbridge.journeys.house
from campaigns.gaps import close_the_short_way, watch
from campaigns.plants import PLANTS, Plant
from campaigns.points import Death, Points
from tillbridge.cli.main import main

LEASE_MIN_S = 1.0
"""The product keeps leases at 5 s at least, however much its waits are divided, so that a busy
machine loses no lane. Here lanes are to be lost, and soon."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a process plays.

    Attributes:
        role: "api" or "worker", which is also the command.
        options: of the command.
        folder: the town's; the user's folder is `site` in it.
        long_way: the short way is closed: nothing is committed in one statement (Database.at_once).
        plant: a defect to plant; "" for none.
        death: where it dies; None lives on.
    """

    role: str
    options: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    long_way: bool
    plant: str
    death: Death | None


def play(part: Part) -> None:
    """Plays the part; never returns."""
    dress(part, PLANTS)
    watch(Points(part.role, part.folder, part.death))
    main([part.role, *part.options])


def dress(part: Part, plants: Mapping[str, Plant]) -> None:
    """Makes this process ready for its part: where it speaks to, what it knows, what is planted."""
    _speak_to(part.folder / f"{part.role}.log")
    os.environ.update(part.environment)
    if part.long_way:
        close_the_short_way()
    if part.plant:
        plants[part.plant].plant()
    tillbridge.journeys.house.LEASE_MIN_S = LEASE_MIN_S


def _speak_to(log: Path) -> None:
    """Standard input is empty, standard output and errors are a file."""
    descriptor = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (it lives as long as the process)
