from dataclasses import replace

from tests.mapping.values import ORDER

from tillbridge.canonical.payments import Token
from tillbridge.connector.abilities import CheckoutRequest
from tillbridge.journeys.authorization import authorization_fields


def test_a_shops_merchant_defined_fields_are_handed_on_by_their_numbers() -> None:
    custom = {
        "merchant_defined_1": "web",
        "merchant_defined_100": "vip",
        "merchant_defined_101": "no such number",
        "merchant_defined_2": "",
        "gift_note": "x",
    }
    request = CheckoutRequest("k-1", replace(ORDER, custom=custom), Token("tms", "T1"))
    assert authorization_fields(request, "wire")["merchant_defined"] == [
        {"key": "1", "value": "web"},
        {"key": "100", "value": "vip"},
    ]
