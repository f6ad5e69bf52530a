"""Boarding: merchants that a reseller registers, changes while that is open, and asks about.

Sources: Merchant Boarding guide; the official client's models. Only what a business says of itself
in public is sent: owners, tax ids and bank accounts are for the Business Center. A registration
cannot be found but by its id, so one whose answer is lost is a person's.
"""

from collections.abc import Mapping
from typing import Any, Final

from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.payment_documents import address_of
from tillbridge_cybersource.shapes import ADDRESS

CALLS = frozenset(
    {
        "merchant_boarding.post_registration",
        "merchant_boarding.get_registration",
        "merchant_boarding.patch_registration",
    }
)
PATH: Final = "/boarding/v1/registrations"
_STATUSES: Final = frozenset(
    {"INITIALIZED", "RECEIVED", "PROCESSING", "SUCCESS", "FAILURE", "PARTIAL"}
)
_REGISTRATION_ID = Field("registration_id", "text", "Registration", required=True)
_ABOUT = (
    Field("name", "text", "Name of the business", length_max=60),
    Field("website", "text", "Its website", length_max=255),
    Field("time_zone", "text", "Its time zone (America/Los_Angeles)", length_max=64),
    Field("category", "text", "Merchant category code", length_max=4),
    Field("address", "group", "Where it is, and whom to ask", of=ADDRESS),
    Field("whole", "boolean", "Nothing is to come: the organization is made"),
    Field(
        "products",
        "list",
        "Products it will use",
        of=(
            Field("group", "text", "Group (payments, risk, commerceSolutions ...)", required=True),
            Field("product", "text", "Product, as Cybersource calls it", required=True),
        ),
    ),
)
REGISTRATION = DocumentShape(
    "merchant_registration",
    "Merchant that a reseller registers",
    (
        Field("organization", "text", "Organization's id; Cybersource chooses when empty"),
        Field("parent", "text", "Organization above it", required=True),
        Field(
            "kind",
            "choice",
            "What it is",
            required=True,
            options=("TRANSACTING", "STRUCTURAL", "MERCHANT"),
        ),
        Field("status", "choice", "What it will be", options=("LIVE", "TEST", "DRAFT")),
        *_ABOUT,
    ),
)
REGISTRATION_UPDATE = DocumentShape(
    "merchant_registration_update",
    "Change of a registration that is open",
    (_REGISTRATION_ID, *_ABOUT),
)
_NO_PERSON: Final = frozenset({"first_name", "last_name", "company", "email", "phone"})
_CONTACT: Final = {
    "firstName": "first_name",
    "lastName": "last_name",
    "phoneNumber": "phone",
    "email": "email",
}


class Registrations:
    """The writes about registrations, and how one stands."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.writes = (
            Write(REGISTRATION, "none", self._make),
            Write(REGISTRATION_UPDATE, "natural_key", self._change),
        )
        one = DocumentShape(
            "merchant_registration", "How a registration stands", (_REGISTRATION_ID,)
        )
        self.reads = (Read(one.kind, one, self._read),)

    async def _make(self, call: Call, fields: Fields) -> Receipt:
        document = _about(fields)
        names = {
            "organizationId": "organization",
            "parentOrganizationId": "parent",
            "type": "kind",
            "status": "status",
        }
        organization = {
            theirs: text for theirs, ours in names.items() if (text := values.text(fields, ours))
        }
        document["organizationInformation"] |= organization | {"configurable": False}
        document["registrationInformation"]["boardingFlow"] = "ENTERPRISE"
        answer = await self._kept.change(call, PATH, document, doing="Registering a merchant")
        return self._told(text_of(answer.body, "id"), text_of(answer.body, "status"), answer.body)

    async def _change(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "registration_id")
        doing = f"Changing the registration {id_}"
        path, document = self._kept.at(id_), _about(fields)
        answer = await self._kept.change(call, path, document, method="PATCH", doing=doing)
        return self._told(id_, _status(answer.body), answer.body)

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "registration_id")
        body = await self._kept.expect(call, id_)
        return self._told(id_, _status(body), body)

    def _told(self, id_: str, status: str, body: Body) -> Receipt:
        """`failed` names the products that were not set up."""
        if status not in _STATUSES:
            raise self._kept.odd(status)
        organization = part(body, "organizationInformation")
        told = {
            "registration_id": id_,
            "status": status,
            "organization": text_of(organization, "organizationId"),
            "name": text_of(part(organization, "businessInformation"), "name"),
            "failed": " ".join(_failed(body)),
        }
        return self._kept.receipt(id_, told)


def _about(fields: Fields) -> dict[str, Any]:
    address, whole = values.group(fields, "address"), values.flag(fields, "whole")
    texts = {
        "name": "name",
        "websiteUrl": "website",
        "timeZone": "time_zone",
        "merchantCategoryCode": "category",
    }
    business: dict[str, Any] = {
        theirs: text for theirs, ours in texts.items() if (text := values.text(fields, ours))
    }
    if where := address_of(address, _NO_PERSON):
        business["address"] = where
    contact = {
        theirs: text for theirs, ours in _CONTACT.items() if (text := values.text(address, ours))
    }
    if contact:
        business["businessContact"] = business["technicalContact"] = contact
        business["emergencyContact"] = contact
    document: dict[str, Any] = {
        "registrationInformation": {"mode": "COMPLETE" if whole else "PARTIAL"},
        "organizationInformation": {"businessInformation": business} if business else {},
    }
    if products := _products(fields):
        document["productInformation"] = {"selectedProducts": products}
    return document


def _products(fields: Fields) -> dict[str, dict[str, Any]]:
    chosen: dict[str, dict[str, Any]] = {}
    for one in values.groups(fields, "products"):
        group, product = (values.required_text(one, name) for name in ("group", "product"))
        chosen.setdefault(group, {})[product] = {"subscriptionInformation": {"enabled": True}}
    return chosen


def _status(body: Body) -> str:
    return text_of(part(body, "registrationInformation"), "status")


def _failed(body: Body) -> list[str]:
    """The products of an organization whose subscription or configuration is no success."""
    found: list[str] = []
    for setup in body.get("productInformationSetups") or ():
        for group in part(setup, "setups").values():
            found += [name for name, states in group.items() if not _is_well(states)]
    return sorted(found)


def _is_well(states: Mapping[str, Any]) -> bool:
    steps = ("subscriptionStatus", "configurationStatus")
    return all(text_of(part(states, step), "status") in ("", "SUCCESS") for step in steps)
