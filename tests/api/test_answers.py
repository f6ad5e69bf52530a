"""What goes wrong looks the same everywhere."""

import pytest
from tests.api.conftest import Api

from tillbridge.api.answers import error_body, status_for
from tillbridge.canonical.errors import (
    Misconfigured,
    Place,
    Rejected,
    TillbridgeError,
    Transient,
    Unreconciled,
)
from tillbridge.runs import history


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Rejected("x", reason="amount_equation"), 400),
        (Rejected("x", reason="bad_signature"), 401),
        (Rejected("x", reason="not_allowed"), 403),
        (Misconfigured("x", reason="unknown_connection"), 404),
        (Misconfigured("x", reason="missing_secret"), 500),
        (Unreconciled("x"), 500),
        (Transient("x"), 503),
    ],
)
def test_each_cause_has_its_status(error: TillbridgeError, status: int) -> None:
    assert status_for(error) == status


def test_only_what_certainly_did_nothing_is_safe_to_retry() -> None:
    assert error_body(Transient("x", sent="no"))["safe_to_retry"] is True
    assert error_body(Transient("x", sent="perhaps"))["safe_to_retry"] is False
    assert error_body(Rejected("x"))["safe_to_retry"] is False


def test_a_card_number_in_a_message_or_a_place_is_masked() -> None:
    card = "4111 1111 1111 1111"
    shown = error_body(Rejected(f"No {card}.", place=Place(field=card)))
    assert "4111" not in str(shown)


@pytest.mark.complaint("I30")
async def test_a_database_that_is_away_is_503_and_not_accepting(api: Api) -> None:
    await api.app.state.desk.database.close()
    status, answer = await api.ask("GET", "/runs")
    assert (status, answer["error"]["reason"]) == (503, "database_down")
    status, answer = await api.ask("GET", "/health/accepting", role="")
    assert (status, answer["reason"]) == (503, "database_down")


async def test_a_bug_shows_nothing_of_itself(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ValueError("the shopper's name is Ada")

    monkeypatch.setattr(history, "runs", broken)
    status, answer = await api.ask("GET", "/runs")
    assert (status, answer["error"]["reason"]) == (500, "bug")
    assert "Ada" not in str(answer)


async def test_a_method_that_is_not_possible_is_405(api: Api) -> None:
    status, answer = await api.ask("DELETE", "/runs")
    assert (status, answer["error"]["reason"]) == (405, "wrong_method")


async def test_a_refused_token_says_which_scheme_is_wanted(api: Api) -> None:
    async with api.http.get(f"{api.url}/runs") as answer:
        assert answer.headers["www-authenticate"] == "Bearer"
