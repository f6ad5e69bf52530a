"""A shop keeps a shopper's card, and charges it later on its own: the first payment is found."""

from pathlib import Path
from typing import Any

from tests.journeys.test_checkout import asked
from tests.journeys.town import open_town, order_document, till

from tillbridge.connector.packing import unpack
from tillbridge.references.references import of_subject

STORE = {"use": "store", "reason": "recurring"}
LATER = {"use": "use", "initiator": "merchant", "reason": "recurring", "first_order": "5001"}


async def test_what_the_merchant_charges_later_names_the_first_payment(
    tmp_path: Path, dsn: str
) -> None:
    settings = {"payer_authentication": "required"}
    async with open_town(tmp_path, dsn, settings=settings) as town, till(town) as shop:

        async def pay(number: str, token: dict[str, str], **more: Any) -> tuple[int, Any]:
            body = {"order": order_document(number), "token": token, **more}
            return await shop.post("/checkout/payments", body, f"k-{number}")

        card = {"kind": "transient", "value": town.cybersource.mint_token()}
        await pay("5001", card, credential=STORE)
        collected = {"step": "collect", "browser": {"ip": "203.0.113.7"}}
        status, first = await pay("5001", card, credential=STORE, authentication=collected)
        assert (status, first["status"]) == (200, "authorized")
        known = await of_subject(town.house.database, "5001")
        (network,) = [
            one.reference.id for one in known if one.reference.kind == "network_transaction"
        ]

        stored = {"kind": "tms", "value": first["token"]}
        status, answer = await pay("5002", stored, credential=LATER)
        assert (status, answer["status"]) == (200, "authorized")  # nobody is there to be asked
        sent = await town.house.database.fetch_value(
            "SELECT request FROM effects WHERE subject = '5002' AND effect = 'authorization'"
        )
        credential: Any = unpack(sent)["stored_credential"]
        assert credential["previous_transaction"] == network

        status, answer = await pay("5003", stored, credential=LATER | {"first_order": "4711"})
        assert (status, answer["error"]["reason"]) == (400, "unknown_first_payment")
        status, answer = await pay("5003", stored, credential={"use": "borrow"})
        assert (status, answer["error"]["place"]) == (400, "credential.use")
        assert asked(town) == 2
