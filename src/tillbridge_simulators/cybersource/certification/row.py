"""One row of the certification: the operations it is about, and what it says of them."""

from collections.abc import Callable
from dataclasses import dataclass

from tillbridge_simulators.cybersource.certification.script import (
    EndedError,
    LeftOutError,
    Script,
    Step,
)


@dataclass(frozen=True, slots=True)
class Row:
    """What is certified of one operation, or of some that only make sense together.

    Of each of its keys a row asks at least once what must be taken, with something of the state
    read back after it, and once what must be refused, so that an echo cannot pass.
    """

    says: Callable[[Script], None]
    keys: tuple[str, ...]


def row(says: Callable[[Script], None], *keys: str) -> Row:
    """`says` about the operations `keys` of the recorded index."""
    return Row(says, keys)


def run(one: Row, script: Script) -> str:
    """Runs it; why it was left out, or "" when it was not. What differs is in `script.steps`."""
    try:
        one.says(script)
    except LeftOutError as reason:
        return str(reason)
    except EndedError:
        pass
    return ""


def unproven(one: Row, steps: list[Step]) -> list[str]:
    """What a row leaves out of what every row owes, for its test: empty when it is whole."""
    return [flaw for key in one.keys for flaw in _unproven(key, steps)]


def _unproven(key: str, steps: list[Step]) -> list[str]:
    ways = [step.way for step in steps if step.question.key == key]
    flaws = []
    taken = [at for at, step in enumerate(steps) if step.question.key == key and _took(step)]
    if not taken:
        flaws.append(f"{key} is never taken")
    elif not any(step.way == "shown" for step in steps[taken[0] :]):
        flaws.append(f"{key}: nothing is read back after it")
    if "refused" not in ways:
        flaws.append(f"{key} is never refused")
    return flaws


def _took(step: Step) -> bool:
    return step.way != "refused" and 200 <= step.told.status < 300
