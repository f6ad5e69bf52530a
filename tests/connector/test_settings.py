"""Settings are declared once; what a person writes is read or refused with the place."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import pytest

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.connector.settings import Secret, declared, parse_settings, setting

PLACE = Place(file="tillbridge.yaml", line=7)


@dataclass(frozen=True)
class Books:
    address: str = setting("Address", "Where it answers.")
    password: Secret = setting("Password", "The one of the user.")
    lines_max: int = setting("Lines", "At most.", default=10)
    rate: Decimal = setting("Rate", "A factor.", default=Decimal("1.5"))
    live: bool = setting("Live", "Real money.", default=False)
    flavour: Literal["small", "large"] = setting("Flavour", default="small", unverified=True)
    note: str | None = setting("Note", default=None)


GIVEN: dict[str, object] = {"address": "https://books.example", "password": "hush"}


def wrong(**changes: object) -> Misconfigured:
    with pytest.raises(Misconfigured) as caught:
        parse_settings(Books, GIVEN | changes, PLACE)
    assert caught.value.place == PLACE
    assert "hush" not in str(caught.value)
    return caught.value


def test_what_is_given_is_read_and_the_rest_has_its_default() -> None:
    read = parse_settings(Books, GIVEN | {"lines_max": "12", "live": "yes", "rate": "2"}, PLACE)
    assert (read.lines_max, read.live, read.rate) == (12, True, Decimal(2))
    assert (read.flavour, read.note) == ("small", None)


def test_a_secret_is_never_shown() -> None:
    read = parse_settings(Books, GIVEN, PLACE)
    assert read.password.value == "hush"
    assert "hush" not in f"{read} {read!r} {read.password} {read.password!r}"


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    assert "'address'" in wrong(adress="x").next_step
    assert "Known" in wrong(zzzzzz="x").next_step


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(Misconfigured, match="password"):
        parse_settings(Books, {"address": "x"}, PLACE)


@pytest.mark.parametrize(
    "changes",
    [
        {"address": 5},
        {"lines_max": "many"},
        {"lines_max": 1.5},
        {"rate": 1.5},
        {"live": "perhaps"},
        {"flavour": "medium"},
        {"password": 5},
        {"note": 5},
    ],
)
def test_an_ill_typed_setting_is_refused(changes: dict[str, object]) -> None:
    assert next(iter(changes)) in wrong(**changes).message


@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_no_number(value: bool) -> None:
    wrong(lines_max=value)


@pytest.mark.parametrize("value", [1, 0])
def test_a_number_is_no_truth_value(value: int) -> None:
    wrong(live=value)


@pytest.mark.parametrize("value", ["--5", "\u0665", "-", "5.0"])
def test_odd_whole_numbers_are_refused(value: str) -> None:
    wrong(lines_max=value)


def test_a_factor_that_is_no_number_is_refused_in_place() -> None:
    wrong(rate="fast")


def test_settings_declare_themselves_for_forms_and_pages() -> None:
    by_name = {item.name: item for item in declared(Books)}
    assert list(by_name)[:2] == ["address", "password"]
    assert by_name["address"].required
    assert by_name["password"].secret
    assert by_name["lines_max"].default == "10"
    assert by_name["flavour"].options == ("small", "large")
    assert by_name["flavour"].about.unverified
