from typing import Any

import pytest

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Verdict
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.operations import merchant_defined
from tillbridge_cybersource.payment_documents import payment_document
from tillbridge_cybersource.settings import CybersourceSettings

FIELDS: dict[str, Any] = {
    "order_number": "1042",
    "attempt_key": "a-1",
    "amount": Money.of("25.00", "USD"),
    "token_kind": "tms",
    "token": "T1",
}
_SETTINGS = CybersourceSettings("merchant", "key", Secret("c2VjcmV0"), stored_token="customer")


def test_an_authorization_has_its_merchant_defined_fields() -> None:
    fields = FIELDS | {"merchant_defined": [{"key": "1", "value": "web"}]}
    document = payment_document(fields, _SETTINGS)
    assert document["merchantDefinedInformation"] == [{"key": "1", "value": "web"}]
    assert "merchantDefinedInformation" not in payment_document(FIELDS, _SETTINGS)


async def test_a_capture_takes_merchant_defined_fields(world: Any) -> None:
    (held,) = (await world.authorize()).observations
    defined = [{"key": "1", "value": "S1"}, {"key": "20", "value": "north"}]
    receipt = await world.capture(
        held.request_id, "25.00", reference="S-1", merchant_defined=defined
    )
    assert receipt.observations[0].verdict is Verdict.APPROVED


@pytest.mark.parametrize("keys", [["0"], ["101"], ["a"], ["01"], ["7", "7"]])
def test_a_key_is_a_number_that_stands_once(keys: list[str]) -> None:
    fields: dict[str, Any] = {"merchant_defined": [{"key": key, "value": "x"} for key in keys]}
    with pytest.raises(Rejected, match="Give each field a number of its own"):
        merchant_defined(fields)
