"""Boarding: registrations that are left open, so that no organization comes of them."""

from typing import Any

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script

_POST, _GET = "merchant_boarding.post_registration", "merchant_boarding.get_registration"
_PATCH = "merchant_boarding.patch_registration"
_ORGANIZATION = "organizationInformation"
_NAME = f"{_ORGANIZATION}.businessInformation.name"


def _registering(it: Script, **information: str) -> dict[str, Any]:
    return {
        "registrationInformation": {"boardingFlow": "ENTERPRISE", "mode": "PARTIAL", **information},
        _ORGANIZATION: {
            "organizationId": it.new("org"),
            "parentOrganizationId": it.means.organization,
            "type": "TRANSACTING",
            "status": "DRAFT",
            "configurable": False,
            "businessInformation": {"name": "Tea", "address": {"country": "US"}},
        },
    }


def _named(name: str) -> dict[str, Any]:
    return {_ORGANIZATION: {"businessInformation": {"name": name}}}


def _registration(it: Script) -> None:
    document = _registering(it)
    made = it.do(_POST, document)
    of_it, ours = {"registrationId": made["id"]}, document[_ORGANIZATION]["organizationId"]
    open_ = {"registrationInformation.status": "INITIALIZED"}
    it.shows(_GET, {**open_, _NAME: "Tea", f"{_ORGANIZATION}.organizationId": ours}, **of_it)
    it.do(_PATCH, _named("Tea and Coffee"), **of_it)
    it.shows(_GET, {**open_, _NAME: "Tea and Coffee", f"{_ORGANIZATION}.status": "DRAFT"}, **of_it)
    it.refused(_POST, 422, "INVALID_DATA", document)
    it.refused(_POST, 400, "INVALID_DATA", _registering(it, mode="SOON"))
    nobody = {"registrationId": "000000000000"}
    it.refused(_PATCH, 404, "RESOURCE_NOT_FOUND", _named("Tea"), **nobody)
    it.refused(_GET, 404, "RESOURCE_NOT_FOUND", **nobody)


ROWS = (row(_registration, _POST, _GET, _PATCH),)
