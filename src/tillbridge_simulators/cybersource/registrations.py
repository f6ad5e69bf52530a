"""Boarding: a reseller registers the merchants under it, with the products that each will use.

Sources: Merchant Boarding guide ("Boarding a Structural Organization", "Creating a Transacting
Organization", "Reason Codes": 400 and 422 say INVALID_DATA, for what is missing as well; 404 says
RESOURCE_NOT_FOUND); the official client's models. An organization's name is unique in the whole
system. Nothing is kept of owners, of tax ids and of bank accounts. Unverified: that mode PARTIAL
keeps a registration open (INITIALIZED) until a change makes it COMPLETE, what a change after that
is answered, and that an account which is no reseller's is let in at all.
The official samples say no boardingFlow, and a type in any case ("Merchant").
"""

import copy
from collections.abc import Mapping
from typing import Any, Final

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.cybersource.shelf import merged

_FLOWS: Final = ("ENTERPRISE", "SMB", "ADDPRODUCT")
_MODES: Final = ("COMPLETE", "PARTIAL")
_TYPES: Final = ("TRANSACTING", "STRUCTURAL", "MERCHANT")
_STATUSES: Final = ("LIVE", "TEST", "DRAFT")
_ORGANIZATION: Final = "organizationInformation"
_ID: Final = f"{_ORGANIZATION}.organizationId"
_WORDS: Final = {
    "registrationInformation.boardingFlow": _FLOWS,
    "registrationInformation.mode": _MODES,
    f"{_ORGANIZATION}.type": _TYPES,
    f"{_ORGANIZATION}.status": _STATUSES,
}
_NEEDED: Final = (
    f"{_ORGANIZATION}.type",
    f"{_ORGANIZATION}.parentOrganizationId",
    f"{_ORGANIZATION}.businessInformation.name",
)
_SETUPS: Final = "InlineResponse2016Setups"


def register(ask: Ask) -> Answer:
    """POST: the organization is there, or the registration is open. Raises Refusal."""
    document = merged({}, _kept_of(ask.document))
    _check_words(document)
    id_ = ask.account.state.new_id(ask.account.now())[-12:]
    row: dict[str, Any] = {"id": id_, "made_s": ask.account.now(), "document": document}
    return _keep(ask, row) or _made(ask.account, row)


def get(ask: Ask) -> Answer:
    """GET {registrationId}."""
    row = ask.account.state.registrations.find(ask.id)
    return _not_found(ask) if row is None else Answer(200, _shown(row))


def change(ask: Ask) -> Answer:
    """PATCH {registrationId}: of one that is open. Raises Refusal."""
    row = ask.account.state.registrations.find(ask.id)
    if row is None:
        return _not_found(ask)
    if row["status"] != "INITIALIZED":
        return _invalid(ask, "registrationInformation.status")
    row["document"] = merged(row["document"], _kept_of(ask.document))
    _check_words(row["document"])
    return _keep(ask, row) or Answer(200, _shown(row))


def _keep(ask: Ask, row: dict[str, Any]) -> Answer | None:
    """Keeps it, whole or open; or the refusal of a name that is taken. Raises Refusal."""
    document = row["document"]
    information = document.setdefault("registrationInformation", {})
    mode = information.setdefault("mode", "COMPLETE")
    if mode == "COMPLETE":
        missing = [place for place in _NEEDED if not at(document, place)]
        if missing:
            raise Refusal("INVALID_DATA", missing)
    organization = document.setdefault(_ORGANIZATION, {})
    name = organization.setdefault("organizationId", f"org_{row['id']}")
    others = ask.account.state.registrations.where(
        lambda other: other["id"] != row["id"] and at(other["document"], _ID) == name
    )
    adds = information.get("boardingFlow") == "ADDPRODUCT"
    if (any(others) or name == ask.account.options.merchant_id) and not adds:
        return _invalid(ask, _ID)
    row["status"] = "SUCCESS" if mode == "COMPLETE" else "INITIALIZED"
    ask.account.state.registrations.put(row["id"], row)
    return None


def _kept_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without what is nobody's business here."""
    kept = copy.deepcopy(dict(document))
    organization = kept.get(_ORGANIZATION) or {}
    for name in ("KYC", "owners"):
        organization.pop(name, None)
    (organization.get("businessInformation") or {}).pop("taxId", None)
    kept.pop("documentInformation", None)
    return kept


def _check_words(document: Mapping[str, Any]) -> None:
    wrong = [
        place
        for place, words in _WORDS.items()
        if str(at(document, place) or words[0]).upper() not in words
    ]
    if wrong:
        raise Refusal("INVALID_DATA", wrong)


def _made(account: Account, row: Mapping[str, Any]) -> Answer:
    document = row["document"]
    names = ("organizationId", "parentOrganizationId")
    organization = {
        name: value for name in names if (value := at(document, f"{_ORGANIZATION}.{name}"))
    }
    told = ("mode", "boardingPackageId", "salesRepId")
    information = document["registrationInformation"]
    body = {
        "id": row["id"],
        "submitTimeUtc": utc_text(account.now()),
        "status": row["status"],
        "registrationInformation": {one: information[one] for one in told if one in information},
        _ORGANIZATION: organization,
    }
    return Answer(201, body | _setups(row))


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A registration as it stands."""
    document = dict(row["document"])
    document["registrationInformation"] = {
        **document["registrationInformation"],
        "boardingRegistrationId": row["id"],
        "submitTimeUtc": utc_text(row["made_s"]),
        "status": row["status"],
    }
    document.pop("integrationInformation", None)
    return document | _setups(row)


def _setups(row: Mapping[str, Any]) -> dict[str, Any]:
    """What became of each product that was chosen; nothing while the registration is open."""
    chosen = at(row["document"], "productInformation.selectedProducts") or {}
    models, made = recorded().models, utc_text(row["made_s"])
    groups = {
        group: {
            name: {"subscriptionStatus": {"submitTimeUtc": made, "status": "SUCCESS"}}
            for name, product in products.items()
            if name in models[models[_SETUPS][group]]
            and at(product, "subscriptionInformation.enabled") in (True, "true")
        }
        for group, products in chosen.items()
        if group in models[_SETUPS]
    }
    setups = {group: products for group, products in groups.items() if products}
    if row["status"] != "SUCCESS" or not setups:
        return {}
    of = at(row["document"], _ID)
    return {"productInformationSetups": [{"organizationId": of, "setups": setups}]}


def _invalid(ask: Ask, place: str) -> Answer:
    """422: it is understood, and not allowed."""
    return _refused(ask, 422, "UNPROCESSABLE_ENTITY", "INVALID_DATA", place)


def _not_found(ask: Ask) -> Answer:
    return _refused(ask, 404, "NOT_FOUND", "RESOURCE_NOT_FOUND", "registrationId")


def _refused(ask: Ask, status: int, word: str, reason: str, place: str) -> Answer:
    body = {
        "submitTimeUtc": utc_text(ask.account.now()),
        "status": word,
        "reason": reason,
        "message": f"{reason.replace('_', ' ').capitalize()}.",
        "details": [{"field": place, "reason": reason}],
    }
    return Answer(status, body)


OFFERS = (
    Offer("merchant_boarding.post_registration", "registration", register),
    Offer("merchant_boarding.get_registration", "registration", get),
    Offer("merchant_boarding.patch_registration", "registration_change", change),
)
