"""Formats of dates and times: what in them cannot be meant."""

import re
from typing import Final

_CODE: Final = re.compile(r"%(.)", re.DOTALL)
_DAYS: Final = frozenset("Yyd")


def why_bad_format(written: str) -> tuple[str, str] | None:
    """Why nobody means this format, and what to do; None when it may be meant.

    Minutes (%M) beside a year or a day, with no hour and no month, were meant to be the month.
    """
    codes = frozenset(_CODE.findall(written))
    if "M" in codes and "m" not in codes and "H" not in codes and codes & _DAYS:
        meant = written.replace("%M", "%m")
        return f"%M is minutes; {written!r} has no hour.", f"Did you mean {meant!r}?"
    if "m" in codes and "H" in codes and "M" not in codes and not codes & _DAYS:
        meant = written.replace("%m", "%M")
        return f"%m is the month; {written!r} is a time of day.", f"Did you mean {meant!r}?"
    return None
