"""Users of the Business Center: who can sign in there, one by one and all that changed.

Sources: User Management guide, "Retrieve a List of Users"; the official client's models. Their list
cannot be asked what changed, so all of it is read, and a user is told again when something of him
differs but for when he was last there. The older request for the same (GET) is not called: the
reference says to use this one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tillbridge.canonical.errors import Rejected
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Changes, Poll, Read, Receipt
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import read_refusal
from tillbridge_cybersource.walks import versioned

CALLS = frozenset({"user_management_search.search_users"})
PATH: Final = "/ums/v1/users/search"
_NAME = Field("user", "text", "User name", required=True, length_max=100)
_NARROWED = (
    Field("role", "text", "Role, as Cybersource calls it"),
    Field("permission", "text", "Permission, as Cybersource calls it"),
)
_GIVES: Final = ("user", "status", "role", "permissions", "email", "name", "created_at")


class Users:
    """The read `business_center_user` and the poll `business_center_users`."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings) -> None:
        self._exchange, self._settings = exchange, settings
        one = DocumentShape("business_center_user", "A user of the Business Center", (_NAME,))
        self.reads = (Read(one.kind, one, self._read),)
        every = DocumentShape("business_center_users", "Users of the Business Center", _NARROWED)
        self.poll = Poll(every.kind, every, _GIVES, self._changes)

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        name = values.required_text(fields, "user")
        found = await self._asked(call, {"userName": name})
        if not found:
            raise Rejected(
                f"{self._exchange.name}: there is no user {name} of {self._settings.merchant_id}.",
                reason="unknown_user",
                next_step="Look the user up in the Business Center.",
            )
        seen = text_of(part(found[0], "accountInformation"), "lastAccessTime")
        told = {**_shown(found[0]), "last_access_at": seen}
        return Receipt(fields={name: value for name, value in told.items() if value})

    async def _changes(self, call: Call, fields: Fields, _: str) -> Changes:
        names = {"role": "roleId", "permission": "permissionId"}
        narrowed = {
            theirs: text for ours, theirs in names.items() if (text := values.text(fields, ours))
        }
        rows = [_shown(one) for one in await self._asked(call, narrowed)]
        return Changes(tuple(versioned(one["user"], one) for one in rows), "whole")

    async def _asked(self, call: Call, wanted: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """Those of the connection's own organization."""
        document = {"organizationId": self._settings.merchant_id, **wanted}
        answer = await self._exchange.read(call, PATH, document)
        if answer.status == 404:
            return ()
        if not answer.is_accepted:
            raise read_refusal(self._exchange.name, "Asking for users", answer)
        return answer.body.get("users") or ()


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    about, contact = part(row, "accountInformation"), part(row, "contactInformation")
    names = (text_of(contact, "firstName"), text_of(contact, "lastName"))
    return {
        "user": text_of(about, "userName"),
        "status": text_of(about, "status"),
        "role": text_of(about, "roleId"),
        "permissions": " ".join(sorted(map(str, about.get("permissions") or ()))),
        "email": text_of(contact, "email"),
        "name": " ".join(filter(None, names)),
        "created_at": text_of(about, "createdTime"),
    }
