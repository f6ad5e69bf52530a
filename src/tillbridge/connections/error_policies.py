"""Error policies: what follows an error of a class, in one table that a user can read and change.

    connections:
      dynamics:
        connector: dynamics365
        errors:
          transient: {tries: 20, longest_wait: 10m}
          connection: {give_up_after: 3d}
          rejected_by_rule: {tell: accountant, next_step: Ask for the period to be opened.}

Trouble that passes is tried again and ends by itself; the rest goes to a person with the next step.
What may have taken place is never sent again on a guess: no setting can change that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, cast

from tillbridge.canonical.error_classes import ErrorClass
from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.configuration import FILE
from tillbridge.connections.error_forms import ERROR_POLICY, ERRORS, Person
from tillbridge.connections.forms import CONNECTION, TILLBRIDGE
from tillbridge.mapping.form import Filled, fill
from tillbridge.mapping.text import any_entries, read_text

Course: TypeAlias = Literal["tries", "gate", "person", "proof"]
"""What follows an error: it is tried again some times; its work waits at the connection's gate
until that opens; a person has it at once; its outcome is proven before anything else happens."""


@dataclass(frozen=True, slots=True)
class ErrorPolicy:
    """What follows an error of one class at one connection.

    Attributes:
        means: when an error is of this class.
        tries: how often a step is taken in all, before a person has it. What waits at a gate, or
            for a proof, uses none.
        wait_s: seconds between the first two tries, doubled each time up to `longest_wait_s`; a
            longer wait the other side asks for is kept.
        give_up_after_s: seconds since the first failure in a row, after which a person has it; 0
            for never.
        tell: whose turn it is then.
        next_step: what that person does, when the error itself says nothing better.
        changed: what tillbridge.yaml says otherwise, by key.
    """

    error_class: ErrorClass
    means: str
    course: Course
    tell: Person
    next_step: str
    tries: int = 1
    wait_s: float = 1.0
    longest_wait_s: float = 300.0
    give_up_after_s: float = 0.0
    changed: tuple[str, ...] = ()

    @property
    def is_retried(self) -> bool:
        """Whether an error of this class can end by itself."""
        return self.course == "gate" or (self.course in ("tries", "person") and self.tries > 1)

    def backoff_s(self, tries: int) -> float:
        """Seconds to wait after so many tries."""
        return min(self.wait_s * 2.0 ** min(tries, 30), self.longest_wait_s)

    def divided(self, factor: float) -> "ErrorPolicy":
        """The same with every wait divided."""
        return replace(
            self,
            wait_s=self.wait_s / factor,
            longest_wait_s=self.longest_wait_s / factor,
            give_up_after_s=self.give_up_after_s / factor,
        )


TRIES: Final = 12
_TABLE: Final = (
    ErrorPolicy(
        ErrorClass.TRANSIENT,
        "The other side did nothing, and may do it in a moment: a lock, a deadlock, a busy record.",
        "tries",
        "operator",
        "See what holds the record or the system up, then replay it.",
        tries=TRIES,
    ),
    ErrorPolicy(
        ErrorClass.RATE_LIMIT,
        "The other side did nothing, because we ask too often; it may say how long to wait.",
        "gate",
        "operator",
        "Lower the connection's budget, or ask for a higher limit; the work goes on by itself.",
    ),
    ErrorPolicy(
        ErrorClass.CONNECTION,
        "The other side is not reached, or is out of order.",
        "gate",
        "operator",
        "See whether the other system is up (tillbridge gates); the work goes on by itself.",
    ),
    ErrorPolicy(
        ErrorClass.AUTHENTICATION,
        "The other side does not let us in: a key, a password or a right is wrong or has ended.",
        "gate",
        "engineer",
        "Renew the secret (tillbridge secrets set) or the right; the work goes on by itself.",
    ),
    ErrorPolicy(
        ErrorClass.REJECTED_BY_RULE,
        "The other side, the flow or a rule of ours says no, although the data can be read.",
        "person",
        "operator",
        "Mend in the other system what the rule asks for, or correct the data; then replay it.",
    ),
    ErrorPolicy(
        ErrorClass.INVALID_DATA,
        "The data cannot be used: a value is missing, too long, or of another kind.",
        "person",
        "shop",
        "Correct the data where it comes from, or here (tillbridge dead-letters edit); replay it.",
    ),
    ErrorPolicy(
        ErrorClass.DUPLICATE,
        "The other side holds something with the same number, and it is not ours by its key.",
        "person",
        "operator",
        "Compare the two in the other system: keep one, give the other its own number; replay it.",
    ),
    ErrorPolicy(
        ErrorClass.UNKNOWN_OUTCOME,
        "A call was sent and not answered: it may have taken place.",
        "proof",
        "operator",
        "Wait for the proof; if none comes, look there and say what did (tillbridge unknowns).",
    ),
    ErrorPolicy(
        ErrorClass.CONFIGURATION,
        "A connection, a flow or a mapping is wrong.",
        "person",
        "engineer",
        "Run tillbridge check, mend what it names, then replay it.",
    ),
    ErrorPolicy(
        ErrorClass.UNRECONCILED,
        "Two books say different things of the same fact.",
        "person",
        "accountant",
        "Decide which book is right, correct the other one, then replay it.",
    ),
    ErrorPolicy(
        ErrorClass.BUG,
        "Tillbridge itself is wrong, or a run ended its worker again and again.",
        "person",
        "engineer",
        "Report it with the log of that moment; replay it with a newer version.",
    ),
)
STANDARD: Final[Mapping[ErrorClass, ErrorPolicy]] = {one.error_class: one for one in _TABLE}
_PASSES: Final = ("tries", "wait", "longest_wait", "give_up_after")
_AT_A_GATE: Final = ("tries", "wait", "longest_wait")
_FIXED: Final[Mapping[ErrorClass, tuple[tuple[str, ...], str]]] = {
    ErrorClass.UNKNOWN_OUTCOME: (
        _PASSES,
        "it may have taken place, and is never sent again on a guess",
    ),
    ErrorClass.DUPLICATE: (_PASSES, "what is there already is still there at the next try"),
    ErrorClass.UNRECONCILED: (_PASSES, "two books do not come to agree by trying again"),
    ErrorClass.BUG: (_PASSES, "a bug is the same at the next try"),
    ErrorClass.RATE_LIMIT: (_AT_A_GATE, "its work waits at the gate and uses no tries"),
    ErrorClass.CONNECTION: (_AT_A_GATE, "its work waits at the gate and uses no tries"),
    ErrorClass.AUTHENTICATION: (_AT_A_GATE, "its work waits at the gate and uses no tries"),
}
"""By class, the keys that cannot be changed, and why."""


@dataclass(frozen=True, slots=True)
class ErrorPolicies:
    """The table in effect: the standard one, and by connection what differs from it."""

    standard: Mapping[ErrorClass, ErrorPolicy] = field(default_factory=lambda: STANDARD)
    of_connections: Mapping[str, Mapping[ErrorClass, ErrorPolicy]] = field(default_factory=dict)

    def of(self, connection: str, error_class: ErrorClass) -> ErrorPolicy:
        """The policy of a class at a connection ("" for none)."""
        own = self.of_connections.get(connection, {})
        return own.get(error_class) or self.standard[error_class]

    def table(self, connection: str = "") -> tuple[ErrorPolicy, ...]:
        """Every class in order, as it holds at a connection ("" for the standard)."""
        return tuple(self.of(connection, error_class) for error_class in ErrorClass)

    def divided(self, factor: float) -> "ErrorPolicies":
        """The same with every wait divided."""
        return ErrorPolicies(
            _divided(self.standard, factor),
            {name: _divided(own, factor) for name, own in self.of_connections.items()},
        )


def read_error_policies(text: str) -> ErrorPolicies:
    """The table in effect by a tillbridge.yaml: `errors:` of each connection over the standard.

    Raises:
        Misconfigured: with file, line and field; also where a promise would be given up.
    """
    root = fill(read_text(text, FILE), TILLBRIDGE).entries
    found: dict[str, Mapping[ErrorClass, ErrorPolicy]] = {}
    for name, node in any_entries(root.nodes["connections"]).nodes.items():
        connection = fill(node, CONNECTION)
        if connection.has("errors"):
            errors = fill(connection.node("errors"), ERRORS)
            found[name] = dict(_policies(errors))
    return ErrorPolicies(of_connections=found)


def _policies(errors: Filled) -> Iterable[tuple[ErrorClass, ErrorPolicy]]:
    for word, node in errors.entries.nodes.items():
        error_class = ErrorClass(word)
        yield error_class, _changed(STANDARD[error_class], fill(node, ERROR_POLICY))


def _changed(policy: ErrorPolicy, said: Filled) -> ErrorPolicy:
    fixed, why = _FIXED.get(policy.error_class, ((), ""))
    for key in fixed:
        if said.has(key):
            raise Misconfigured(
                f"{policy.error_class} takes no {key}: {why}.",
                reason="bad_error_policy",
                place=replace(said.node(key).place, field=f"errors.{policy.error_class}.{key}"),
                next_step=f"Remove {key}: the table is shown by tillbridge errors.",
            )
    changed = replace(
        policy,
        tries=said.whole("tries") if said.has("tries") else policy.tries,
        wait_s=said.seconds("wait") if said.has("wait") else policy.wait_s,
        longest_wait_s=(
            said.seconds("longest_wait") if said.has("longest_wait") else policy.longest_wait_s
        ),
        give_up_after_s=said.seconds("give_up_after") if said.has("give_up_after") else 0.0,
        tell=cast(Person, said.word("tell")) if said.has("tell") else policy.tell,
        next_step=said.text("next_step") or policy.next_step,
        changed=tuple(said.entries.nodes),
    )
    _check_waits(changed, said)
    return changed


def _check_waits(policy: ErrorPolicy, said: Filled) -> None:
    if policy.wait_s > policy.longest_wait_s:
        raise _bad_wait(policy, said, "wait", "is longer than longest_wait")
    if policy.give_up_after_s and policy.give_up_after_s < policy.wait_s:
        raise _bad_wait(policy, said, "give_up_after", "is shorter than the first wait")


def _bad_wait(policy: ErrorPolicy, said: Filled, key: str, how: str) -> Misconfigured:
    node = said.maybe(key)
    return Misconfigured(
        f"{key} of {policy.error_class} {how}.",
        reason="bad_error_policy",
        place=replace(
            node.place if node is not None else said.place,
            field=f"errors.{policy.error_class}.{key}",
        ),
        next_step="Waits begin with wait, double up to longest_wait, and end at give_up_after.",
    )


def _divided(
    table: Mapping[ErrorClass, ErrorPolicy], factor: float
) -> Mapping[ErrorClass, ErrorPolicy]:
    return {error_class: policy.divided(factor) for error_class, policy in table.items()}
