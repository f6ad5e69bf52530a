"""Errors say where, what, and what to do next."""

import pytest

from tillbridge.canonical.errors import (
    Misconfigured,
    Place,
    Rejected,
    TillbridgeError,
    Transient,
    Unreconciled,
)


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Place(), ""),
        (Place(field="order.total"), "order.total"),
        (Place(file="a.yaml", line=3), "a.yaml:3"),
        (Place(file="a.yaml", line=3, field="x"), "a.yaml:3 x"),
        (Place(file="a.yaml"), "a.yaml"),
    ],
)
def test_a_place_reads_like_an_editors_link(place: Place, shown: str) -> None:
    assert str(place) == shown


def test_an_error_reads_place_message_next_step() -> None:
    error = Rejected("It is wrong.", place=Place(field="order.total"), next_step="Mend it.")
    assert str(error) == "order.total: It is wrong. Mend it."
    assert str(Rejected("It is wrong.")) == "It is wrong."


@pytest.mark.parametrize("child", [Transient, Rejected, Misconfigured, Unreconciled])
def test_the_family_is_caught_by_its_root(child: type[TillbridgeError]) -> None:
    with pytest.raises(TillbridgeError):
        raise child("Something.")


def test_a_transient_error_sent_nothing_unless_it_says_so() -> None:
    error = Transient("Busy.")
    assert (error.sent, error.wait_s, error.gate) == ("no", None, False)
