"""What SQL Server's error numbers become; an unknown one is an error that says so."""

import pytds  # type: ignore[import-untyped] # python-tds ships no types
import pytest

from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Transient
from tillbridge_sagepro.errors import translated


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (1205, Transient),
        (1222, Transient),
        (2627, Transient),
        (9002, Transient),
        (18456, Misconfigured),
        (4060, Misconfigured),
        (208, Misconfigured),
        (229, Misconfigured),
        (2628, Rejected),
        (8152, Rejected),
        (8115, Rejected),
        (50123, Misconfigured),
    ],
)
def test_before_commit_nothing_was_kept(number: int, kind: type[TillbridgeError]) -> None:
    error = translated(_server_error(number), "sage", committing=False)
    assert type(error) is kind
    assert getattr(error, "sent", "no") == "no"
    assert str(number) in error.message


@pytest.mark.parametrize(("number", "sent"), [(1205, "no"), (3902, "no"), (9002, "perhaps")])
def test_an_error_to_commit_is_a_no_only_where_that_is_certain(number: int, sent: str) -> None:
    error = translated(_server_error(number), "sage", committing=True)
    assert isinstance(error, Transient)
    assert error.sent == sent


def test_a_connection_that_ends_during_commit_leaves_the_outcome_unknown() -> None:
    error = translated(pytds.ClosedConnectionError(), "sage", committing=True)
    assert isinstance(error, Transient)
    assert (error.sent, error.gate) == ("perhaps", True)


def test_a_severity_of_20_is_the_end_of_the_connection() -> None:
    error = translated(_server_error(823, severity=24), "sage", committing=False)
    assert isinstance(error, Transient)
    assert error.gate


def test_a_bug_is_not_translated() -> None:
    with pytest.raises(KeyError):
        translated(KeyError("x"), "sage", committing=False)


def _server_error(number: int, severity: int = 16) -> pytds.OperationalError:
    error = pytds.OperationalError("It did not work.")
    error.msg_no = number
    error.severity = severity
    return error
