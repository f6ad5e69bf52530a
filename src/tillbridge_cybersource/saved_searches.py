"""A search that was made before is read again, by its id.

Source: Transaction Search API, "Retrieve Search Results" (GET /tss/v2/searches/{searchId}).
"""

from typing import Final

from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.kept import Kept
from tillbridge_cybersource.observations import part, text_of

CALLS = frozenset({"search_transactions.get_search"})
PATH: Final = "/tss/v2/searches"
SAVED_SEARCH = DocumentShape(
    "saved_search",
    "What a saved search finds now",
    (Field("search_id", "text", "Search's id", required=True),),
)


class SavedSearches:
    """The read about searches."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.reads = (Read("saved_search", SAVED_SEARCH, self._read),)

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "search_id")
        body = await self._kept.expect(call, id_)
        rows = part(body, "_embedded").get("transactionSummaries") or ()
        return Receipt(
            fields={
                "query": text_of(body, "query"),
                "total": text_of(body, "totalCount"),
                "ids": " ".join(text_of(row, "id") for row in rows),
            }
        )
