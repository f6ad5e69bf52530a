"""Terminals of the merchant. A row gives back what it was given: only a sandbox gives any."""

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script

_SEARCH, _SEARCH_BEFORE = "device_search.post_search_query_v3", "device_search.post_search_query"
_RETURN = "device_de_association.post_de_associate_v3_terminal"
_RETURN_BEFORE = "device_de_association.delete_terminal_association"
_NOBODY = "00000000-0000-0000-0000-000000000000"


def _given(it: Script) -> str:
    """The serial number of a terminal that the merchant was just given."""
    serial = it.new("terminal")
    it.means.trigger("device.added", serial=serial)
    return serial


def _devices(it: Script) -> None:
    serial = _given(it)
    query = {"query": f"serialNumber:{serial}", "offset": 0, "limit": 20}
    here = {"totalCount": 1, "devices.0.serialNumber": serial, "devices.0.status": "ACTIVE"}
    id_ = it.finds(_SEARCH, query, here)["devices"][0]["readerId"]
    it.do(_RETURN, {"deviceId": id_})
    it.finds(_SEARCH, query, {"totalCount": 0})
    it.refused(_RETURN, 400, "INVALID_DATA", {"deviceId": id_})
    it.refused(_SEARCH, 400, "INVALID_DATA", query | {"limit": 5000})


def _before(it: Script) -> None:
    serial = _given(it)
    query = {"query": f"terminalSerialNumber:{serial}", "offset": 0, "limit": 20}
    here = {"totalCount": 1, "devices.0.terminalSerialNumber": serial}
    id_ = it.finds(_SEARCH_BEFORE, query, here)["devices"][0]["readerId"]
    it.do(_RETURN_BEFORE, {"deviceId": id_})
    it.finds(_SEARCH_BEFORE, query, {"totalCount": 0})
    it.refused(_RETURN_BEFORE, 400, "INVALID_DATA", {"deviceId": _NOBODY})
    it.refused(_SEARCH_BEFORE, 400, "INVALID_DATA", query | {"offset": -1})


ROWS = (row(_devices, _SEARCH, _RETURN), row(_before, _SEARCH_BEFORE, _RETURN_BEFORE))
