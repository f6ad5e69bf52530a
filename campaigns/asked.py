"""What a campaign is asked for by the environment: SCALE, SEED and PLANT."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Collection
from dataclasses import dataclass

SCALES = ("short", "full", "long")


@dataclass(frozen=True, slots=True)
class Asked:
    """One campaign, as it is asked for; `plant` is "" for none, or "all"."""

    scale: str
    seed: int
    plant: str


def parser(campaign: str, plants: Collection[str]) -> ArgumentParser:
    """Reads the command line: it knows --help, and whatever the campaign adds."""
    return ArgumentParser(
        prog=f"python -m campaigns.{campaign}",
        epilog=f"The environment says the rest: SCALE={'|'.join(SCALES)}, SEED=number,"
        f" PLANT={'|'.join(plants)}|all.",
    )


def asked(plants: Collection[str], usual: str = "full") -> Asked:
    """Reads the environment; ends the process with a sentence where that says what there is not."""
    plant = os.environ.get("PLANT", "")
    if plant not in ("", "all", *plants):
        sys.exit(f"There is no plant {plant!r}; there are {', '.join(plants)}, and all.")
    scale = os.environ.get("SCALE", usual)
    if scale not in SCALES:
        sys.exit(f"There is no scale {scale!r}; there are {', '.join(SCALES)}.")
    seed = os.environ.get("SEED", "7")
    if not seed.isdecimal():
        sys.exit(f"SEED is a number, not {seed!r}.")
    return Asked(scale, int(seed), plant)
