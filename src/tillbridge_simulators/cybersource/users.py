"""Users of the Business Center: who may sign in to the account there, and what each may do.

Sources: User Management guide, "Retrieve a List of Users" (which fields go together); the official
client's models (statuses). They are made and locked in the Business Center; here by triggers. What
an organization that is not the account's is answered is unverified: it has no users here.
"""

from collections.abc import Mapping
from typing import Any, Final

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.shelf import Shelf

STATUSES: Final = ("active", "inactive", "locked", "disabled", "forgotpassword", "deleted")
_FIELDS: Final = ("organizationId", "userName", "roleId", "permissionId")
_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "admin": ("UserManagementPermission", "TransactionViewPermission", "ReportViewPermission"),
    "reports": ("ReportViewPermission",),
}
_FIRST: Final = {"administrator": "admin", "bookkeeper": "reports"}
"""Those whom every account has here, with their roles."""


def search(ask: Ask) -> Answer:
    """POST. Raises Refusal."""
    return _found(ask.account, ask.document)


def get(ask: Ask) -> Answer:
    """GET: the same, asked the way it was before. Raises Refusal."""
    return _found(ask.account, ask.query)


def put_user(account: Account, name: str, status: str, role: str = "") -> None:
    """Somebody has it from now on: new, or changed. Raises ValueError for what there is not."""
    if status not in STATUSES or role not in ("", *_ROLES):
        raise ValueError(f"a user is {', '.join(STATUSES)}, with the role {' or '.join(_ROLES)}")
    people = _people(account)
    kept = people.find(name) or _new(account, name, role or "reports")
    role = role or kept["accountInformation"]["roleId"]
    kept["accountInformation"] |= {"status": status, "roleId": role, "permissions": _ROLES[role]}
    people.put(name, kept)


def _found(account: Account, asked: Mapping[str, Any]) -> Answer:
    wanted = {name: str(asked[name]) for name in _FIELDS if asked.get(name)}
    alone = "userName" in wanted and len(wanted) == 1
    if "organizationId" not in wanted and not alone:
        raise Refusal("MISSING_FIELD", ["organizationId"])
    rows = _people(account).where(lambda row: _fits(row, wanted))
    return Answer(200, {"users": list(rows)})


def _fits(row: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    about = row["accountInformation"]
    shown = {
        "organizationId": (row["organizationInformation"]["organizationId"],),
        "userName": (about["userName"],),
        "roleId": (about["roleId"],),
        "permissionId": about["permissions"],
    }
    return all(value in shown[name] for name, value in wanted.items())


def _people(account: Account) -> Shelf:
    """Everybody; those who were there first are, from the first question on."""
    people = account.state.users
    if not people:
        for name, role in _FIRST.items():
            people.put(name, _new(account, name, role))
    return people


def _new(account: Account, name: str, role: str) -> dict[str, Any]:
    made = utc_text(account.now())
    return {
        "accountInformation": {
            "userName": name,
            "roleId": role,
            "permissions": _ROLES[role],
            "status": "active",
            "createdTime": made,
            "lastAccessTime": made,
            "languagePreference": "en-US",
            "timezone": "America/Los_Angeles",
        },
        "organizationInformation": {"organizationId": account.options.merchant_id},
        "contactInformation": {
            "email": f"{name}@example.com",
            "firstName": name.capitalize(),
            "lastName": "Ortiz",
        },
    }


OFFERS = (
    Offer("user_management_search.search_users", "users", search),
    Offer("user_management.get_users", "users", get),
)
