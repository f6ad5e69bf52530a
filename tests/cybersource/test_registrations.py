"""Merchants are registered, step by step or at once; what is private is never kept."""

from typing import Any

import pytest
from tests.cybersource.conftest import BILLING
from tests.cybersource.test_tokens import send

from tillbridge.canonical.errors import Rejected
from tillbridge_simulators.cybersource.recorded import recorded

PATH = "/boarding/v1/registrations"
TEA = {"parent": "portfolio", "kind": "TRANSACTING", "status": "TEST", "name": "Tea"}
PRODUCTS = [
    {"group": "payments", "product": "cardProcessing"},
    {"group": "valueAddedServices", "product": "reporting"},
]


async def read(world: Any, id_: str) -> dict[str, str]:
    call = world.session.reads["merchant_registration"].call
    return dict((await call(world.call(), {"registration_id": id_})).fields)


async def test_a_merchant_is_registered_step_by_step(world: Any) -> None:
    made = (await world.write("merchant_registration", TEA | {"organization": "tea_1"})).fields
    assert (made["status"], made["organization"]) == ("INITIALIZED", "tea_1")
    change = {"registration_id": made["registration_id"], "name": "Tea and Coffee"}
    whole = {**change, "whole": True, "address": BILLING, "products": PRODUCTS}
    done = (await world.write("merchant_registration_update", whole)).fields
    assert (done["status"], done["name"]) == ("SUCCESS", "Tea and Coffee")
    assert await read(world, made["registration_id"]) == done
    _, kept = await send(world, "GET", f"{PATH}/{made['registration_id']}")
    (setup,) = kept["productInformationSetups"]
    assert (
        setup["setups"]["payments"]["cardProcessing"]["subscriptionStatus"]["status"] == "SUCCESS"
    )
    assert kept["organizationInformation"]["businessInformation"]["businessContact"]["lastName"]
    with pytest.raises(Rejected, match="INVALID_DATA"):
        await world.write("merchant_registration_update", change)
    assert not list(world.simulator.log.entries("unknown_fields"))


async def test_an_organizations_name_is_taken_once(world: Any) -> None:
    named = TEA | {"organization": "tea_1", "whole": True}
    assert (await world.write("merchant_registration", named)).fields["status"] == "SUCCESS"
    for name in ("tea_1", world.settings.merchant_id):
        with pytest.raises(Rejected, match="INVALID_DATA") as refused:
            await world.write("merchant_registration", named | {"organization": name})
        assert "organizationId" in str(refused.value.place)
    other = await world.write("merchant_registration", TEA | {"whole": True})
    assert other.fields["organization"].startswith("org_")
    with pytest.raises(Rejected, match="there is no merchant registration"):
        await read(world, "1")


@pytest.mark.parametrize("information", [None, {"mode": "COMPLETE"}])
async def test_what_is_missing_is_named_when_it_is_to_be_whole(
    world: Any, information: Any
) -> None:
    document = {"registrationInformation": information, "organizationInformation": None}
    status, answer = await send(world, "POST", PATH, document)
    assert (status, answer["reason"]) == (400, "INVALID_DATA")
    assert len(answer["details"]) == 3


async def test_nothing_private_is_kept_and_answers_are_as_recorded(world: Any) -> None:
    organization = {
        "parentOrganizationId": "portfolio",
        "type": "MERCHANT",
        "businessInformation": {"name": "Tea", "taxId": "12-3456789"},
        "owners": [{"firstName": "Maya", "ssn": "123-45-6789"}],
        "KYC": {"whenIsCustomerCharged": "ONETIMEBEFORE"},
    }
    information = {"boardingFlow": "ENTERPRISE"}
    document = {
        "registrationInformation": information,
        "organizationInformation": organization,
    }
    _, made = await send(world, "POST", PATH, document)
    _, kept = await send(world, "GET", f"{PATH}/{made['id']}")
    assert not {"12-3456789", "123-45-6789"} & set(repr(world.simulator.state).split("'"))
    for key, body in (("post_registration", made), ("get_registration", kept)):
        model = recorded().operations[f"merchant_boarding.{key}"].answer
        assert not recorded().unknown(model, body)
        assert not recorded().flaws(model, body)
