"""Visa Protect Risk Insights: asked for encrypted, told of labels, and never of a card number."""

from typing import Any

import pytest

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.money import Money
from tillbridge_cybersource import risk_insights

WHO = {"first_name": "Maya", "last_name": "Ortiz", "email": "maya@example.com"}


async def insights(world: Any, transaction_id: str, **more: Any) -> dict[str, str]:
    fields = {
        "transaction_id": transaction_id,
        "order_number": "1042",
        "amount": Money.of("25.00", "USD"),
        "card_bin": "411111",
        "billing": WHO,
        "ip_address": "203.0.113.7",
    } | more
    receipt = await world.session.reads["risk_insights"].call(world.call(), fields)
    return dict(receipt.fields)


async def test_what_came_of_one_transaction_is_held_against_the_next(sealed: Any) -> None:
    first = await insights(sealed, "try-1")
    assert (first["status"], first["brand"], first["country"]) == ("COMPLETED", "001", "US")
    assert "codes" not in first
    label = {"transaction_id": "try-1", "outcome": "fraud", "decision": "reject"}
    told = await sealed.write("risk_label", label)
    assert told.fields == {"status": "COMPLETED"}
    second = await insights(sealed, "try-2", card_bin="")
    assert int(second["score"]) > int(first["score"])
    assert second["codes"] == "RSK-FRAUD-ALL-EMAIL RSK-FRAUD-ALL-IP"
    assert second["warnings"] == "BIN_INPUT_MISSING"
    requests = [entry.facts for entry in sealed.simulator.log.entries("request")]
    assert {one["encrypted"] for one in requests} == {True}
    assert not list(sealed.simulator.log.entries("unknown_fields"))


async def test_a_label_says_something(sealed: Any) -> None:
    with pytest.raises(Rejected, match="outcome is not given"):
        await sealed.write("risk_label", {"transaction_id": "try-1"})
    assert not list(sealed.simulator.log.entries("request"))


async def test_a_refusal_says_why(sealed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(risk_insights._OUTCOMES, "fraud", "A word nobody knows")
    with pytest.raises(Rejected, match="INVALID_REQUEST") as refused:
        await sealed.write("risk_label", {"transaction_id": "try-1", "outcome": "fraud"})
    assert refused.value.reason == "invalid_request"


async def test_a_label_that_was_not_answered_is_left_open(sealed: Any) -> None:
    sealed.fault("risk_insights", "refuse", status=503)
    with pytest.raises(Transient) as lost:
        await sealed.write("risk_label", {"transaction_id": "try-1", "outcome": "valid"})
    assert lost.value.sent == "perhaps"


async def test_without_encryption_nothing_is_asked(world: Any) -> None:
    with pytest.raises(Misconfigured, match="only asked about encrypted"):
        await insights(world, "try-1")
    assert not list(world.simulator.log.entries("request"))
