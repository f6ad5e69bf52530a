"""Users of the Business Center."""

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_SEARCH, _GET = "user_management_search.search_users", "user_management.get_users"
_FIRST = "users.0.accountInformation"


def _users(it: Script) -> None:
    ours = {"organizationId": it.means.organization}
    shown = {"users.0.organizationInformation": ours, f"{_FIRST}.status": ANY}
    first = it.finds(_SEARCH, ours, shown)["users"][0]["accountInformation"]
    role, name = first["roleId"], first["userName"]
    it.finds(_SEARCH, {**ours, "roleId": role}, {f"{_FIRST}.roleId": role})
    it.shows(_GET, {f"{_FIRST}.userName": name, f"{_FIRST}.roleId": role}, userName=name)
    it.refused(_SEARCH, 400, "MISSING_FIELD", {"roleId": role})
    it.refused(_GET, 400, "MISSING_FIELD", roleId=role)


ROWS = (row(_users, _SEARCH, _GET),)
