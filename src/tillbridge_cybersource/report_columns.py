"""What the columns of reports mean, by their names, never by where they stand.

Sources: Reporting User Guide, "CSV Reports" and Appendix C (underscored names); Reporting Developer
Guide, "Report Fields" (groups and names; "field names in this group are prepended with the text
Request"); the official samples ("Request.RequestID"). How a column row joins group and name is not
documented: capitals, points, underscores and a group before the name make no difference here.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from tillbridge.canonical.errors import Place, Rejected

_NAMES: Final[Mapping[str, str]] = {
    "request_id": "requestid",
    "occurred_at": "transactiondate requestdate localizeddate",
    "merchant_id": "merchantid",
    "order_number": "merchantrefnumber merchantreferencenumber merchantreferencecode",
    "reference": "transrefno transactionreferencenumber transactionrefnumber reconciliationid",
    "method": "paymentmethod cardtype paymenttype",
    "last4": "accountsuffix",
    "currency": "eventcurrencycode exceptionamountcurrency exceptioncurrency depositcurrency"
    " merchantcurrencycode currencycode currency",
    "amount": "eventamount exceptionamount depositamount merchantamount amount",
    "services": "transactiontype icsapplications application applications applicationname",
    "codes": "icsrcode rcode",
    "flags": "icsrflag rflag",
    "batch_id": "batchid",
    "batch_date": "batchdate",
    "event": "eventtype event",
    "event_date": "eventdate",
    "message": "exceptionmessage processormessage",
    "action": "exceptionaction action",
    "reason": "exceptionreasoncode reasoncode",
    "status": "depositstatus fundingstatus status",
    "funding_id": "fundingid fundingidentificationnumber depositid depositidentifier",
    "funding_date": "fundingdate",
    "deposit_date": "deposittime depositdate",
    "fee_amount": "feeamount",
    "fee_currency": "feecurrency feecurrencycode",
}
"""Where several columns mean the same, the name that stands first here counts."""
_RANKS: Final = {name: at for names in _NAMES.values() for at, name in enumerate(names.split())}
_WORDS: Final = {name: word for word, names in _NAMES.items() for name in names.split()}
MANIFOLD: Final = frozenset({"services", "codes", "flags"})
"""What a row has several of: one for each service of the request."""
_APART = re.compile(r"[._/ ]")
_GROUPS: Final = (
    *("request", "application", "paymentdata", "paymentmethod", "batch", "event"),
    *("exception", "funding", "deposit"),
)
_HEADING_LEAST = 3
"""A descriptor line holds at most one word that is a column's name as well ("merchant_id")."""


def meaning_of(name: str) -> str:
    """Our word for a column; "" for one that is not known."""
    return _WORDS.get(_known_name(name), "")


def rank_of(name: str) -> int:
    """Of columns that mean the same the one with the lowest rank counts, wherever it stands."""
    return _RANKS.get(_known_name(name), len(_RANKS))


def is_heading(cells: Sequence[str]) -> bool:
    """Whether a line names columns; a descriptor does not."""
    return sum(1 for cell in cells if meaning_of(cell)) >= _HEADING_LEAST


class Columns:
    """Where each word of ours stands in a row; every other column is kept by its own name."""

    def __init__(self, names: Sequence[str], place: Place) -> None:
        """Raises Rejected for a column that is named twice."""
        self.names = [name.strip() for name in names]
        self.known: dict[str, int] = {}
        self.others: list[tuple[str, int]] = []
        if twice := sorted({name for name in self.names if name and self.names.count(name) > 1}):
            raise Rejected(
                f"The column {twice[0]!r} is named twice.",
                reason="bad_report",
                place=place,
                next_step="Subscribe to the report with each column once.",
            )
        ranked = sorted(range(len(self.names)), key=lambda at: rank_of(self.names[at]))
        for at in ranked:
            word = meaning_of(self.names[at])
            if word and word not in self.known:
                self.known[word] = at
            elif self.names[at]:
                self.others.append((self.names[at], at))


def _known_name(name: str) -> str:
    """The name as it is known: whole, behind its last separator, or behind its group."""
    whole = _plain(name)
    if whole in _WORDS:
        return whole
    last = _plain(_APART.split(name.strip())[-1])
    group = next((one for one in _GROUPS if whole.startswith(one)), "")
    return last if last in _WORDS else whole.removeprefix(group)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
