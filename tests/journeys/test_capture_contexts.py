"""A shop's page takes a card: the door for contexts, and tokens proven before they are used."""

from pathlib import Path
from typing import Any

from tests.journeys.test_checkout import ask, asked
from tests.journeys.town import open_town, order_document, till

from tillbridge_simulators.cybersource.capture_contexts import typed_in
from tillbridge_simulators.faults import Fault, Rule

ASKED = {"kind": "microform", "origins": ["https://shop.example.com"]}
CONTEXTS = "/checkout/contexts"


async def test_a_context_is_made_for_the_shop_and_only_its_own_token_pays(
    tmp_path: Path, dsn: str
) -> None:
    settings = {"transient_tokens": "verified"}
    async with open_town(tmp_path, dsn, settings=settings) as town, till(town) as shop:
        status, made = await shop.post(CONTEXTS, ASKED, "")
        assert status == 200
        assert set(made) == {"kind", "context", "library", "library_integrity", "expires_at"}
        value = typed_in(town.cybersource.account, made["context"])

        async def pay(token: dict[str, str], key: str = "k") -> tuple[int, dict[str, Any]]:
            body = {"order": order_document("4001"), "token": {"kind": "transient", **token}}
            return await shop.post("/checkout/payments", body, key)

        status, answer = await pay({"value": value})
        assert (status, answer["error"]["reason"]) == (400, "no_context")
        _, other = await shop.post(CONTEXTS, ASKED, "")
        status, answer = await pay({"value": value, "context": other["context"]})
        assert (status, answer["error"]["reason"]) == (400, "bad_token")
        assert asked(town) == 0
        assert (await ask(shop, "k"))[0] == 404

        status, answer = await pay({"value": value, "context": made["context"]})
        assert (status, answer["status"]) == (200, "authorized")
        again = await pay({"value": "whatever it is by now", "context": made["context"]})
        assert again == (200, answer)
        assert asked(town) == 1


async def test_a_context_is_refused_to_strangers_and_asked_for_again_when_it_is_lost(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        status, answer = await shop.send("POST", CONTEXTS, b"{}", "", secret="x" * 40)
        assert (status, answer["error"]["reason"]) == (401, "bad_signature")
        for body, place in (
            ({"kind": "paper"}, "kind"),
            ({"kind": "microform", "origins": "https://x"}, "origins"),
            ({"kind": "unified_checkout", "total": "1"}, "currency"),
            ({"kind": "unified_checkout", "total": "1", "currency": "XXQ"}, "currency"),
        ):
            status, answer = await shop.post(CONTEXTS, body, "")
            assert (status, answer["error"]["place"]) == (400, place)
        rule = Rule("capture_context", Fault("lose_answer"), times=1)
        town.cybersource.faults.rules.append(rule)
        status, answer = await shop.post(CONTEXTS, ASKED, "")
        assert (status, answer["safe_to_retry"]) == (503, True)
        assert (await shop.post(CONTEXTS, ASKED, ""))[0] == 200
        whole = ASKED | {"kind": "unified_checkout", "total": "31.95", "currency": "USD"}
        assert (await shop.post(CONTEXTS, whole, ""))[1]["kind"] == "unified_checkout"
        await town.desk.gates.pause("cybersource", "the kill switch", "ada")
        assert (await shop.post(CONTEXTS, ASKED, ""))[0] == 503
