"""Fields of the merchant's own on invoices and links: made, changed, removed, listed.

Source: REST API reference, Merchant Defined Fields (/invoicing/v2/{referenceType}/
merchantDefinedFields, /ipl/v2/{referenceType}/merchantDefinedFields); the official client's models.
A lost answer is settled by the list: a field is known by its label.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    f"merchant_defined_fields.{verb}_merchant_defined_field{noun}"
    for verb, noun in (
        ("create", "_definition"),
        ("create_pbl", "_definition"),
        ("get", "s_definitions"),
        ("get_pbl", "s_definitions"),
        ("put", "s_definitions"),
        ("put_pbl", "s_definitions"),
        ("delete", "s_definitions"),
        ("delete_pbl", "s_definitions"),
    )
)
_PATHS: Final[Mapping[str, str]] = {
    "invoice": "/invoicing/v2/Invoice/merchantDefinedFields",
    "purchase": "/ipl/v2/Purchase/merchantDefinedFields",
    "donation": "/ipl/v2/Donation/merchantDefinedFields",
}
_ON = Field("on", "choice", "Of invoices or links", required=True, options=tuple(_PATHS))
_ID = Field("field_id", "text", "Field's id", required=True)
_OWN = (
    Field("label", "text", "Label", required=True, length_max=255),
    Field("kind", "choice", "Typed or chosen; typed if not given", options=("text", "select")),
    Field("choices", "text", "What can be chosen, separated by commas"),
    Field("default", "text", "Text if none is given"),
    Field("shortest", "integer", "Characters at least"),
    Field("longest", "integer", "Characters at most"),
    Field("visible", "boolean", "The customer sees it"),
    Field("fixed", "boolean", "The customer cannot change it"),
    Field("number", "integer", "Merchant-defined field of the payment that it becomes"),
)
DEFINED_FIELD = DocumentShape("defined_field", "A field of your own", (_ON, *_OWN))
DEFINED_FIELD_UPDATE = DocumentShape(
    "defined_field_update", "Change of a field of your own", (_ON, _ID, *_OWN)
)
DEFINED_FIELD_DELETION = DocumentShape(
    "defined_field_deletion", "A field of your own is no more", (_ON, _ID)
)
_THEIRS: Final[Mapping[str, str]] = {
    "label": "label",
    "choices": "possibleValues",
    "default": "textDefaultValue",
    "shortest": "textMinLength",
    "longest": "textMaxLength",
    "visible": "customerVisible",
    "fixed": "readOnly",
    "number": "merchantDefinedDataIndex",
}


class DefinedFields:
    """The writes and the read about fields of the merchant's own."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.writes = (
            Write(DEFINED_FIELD, "find", self._make, find=self._find),
            Write(DEFINED_FIELD_UPDATE, "natural_key", self._update),
            Write(DEFINED_FIELD_DELETION, "find", self._delete, find=self._find_deleted),
        )
        listed = DocumentShape("defined_fields", "Ids of fields of your own, by label", (_ON,))
        self.reads = (Read("defined_fields", listed, self._read),)

    async def _make(self, call: Call, fields: Fields) -> Receipt:
        label = values.required_text(fields, "label")
        rows = await self._done(call, "POST", _path(fields), _document(fields), f"Making {label}")
        return self._told(rows, fields)

    async def _update(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "field_id")
        document, doing = _document(fields), f"Changing the field {id_}"
        rows = await self._done(call, "PUT", _path(fields, id_), document, doing)
        return self._told(rows, fields)

    async def _delete(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "field_id")
        await self._done(call, "DELETE", _path(fields, id_), None, f"Removing the field {id_}")
        return self._receipt(id_)

    async def _find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        row = _labelled(await self._rows(call, fields), fields)
        receipt = self._receipt(text_of(row, "id")) if row is not None else None
        return self._kept.finding(call, receipt, sent_at)

    async def _find_deleted(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        id_ = values.required_text(fields, "field_id")
        there = {text_of(row, "id") for row in await self._rows(call, fields)}
        return self._kept.finding(call, None if id_ in there else self._receipt(id_), sent_at)

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        rows = await self._rows(call, fields)
        return Receipt(fields={text_of(row, "label"): text_of(row, "id") for row in rows})

    async def _rows(self, call: Call, fields: Fields) -> Sequence[Body]:
        return await self._done(call, "GET", _path(fields), None, "Listing fields")

    async def _done(
        self, call: Call, method: str, path: str, document: Body | None, doing: str
    ) -> Sequence[Body]:
        """The rows of the answer. Raises as `statuses.refusal`; a success in other words is odd."""
        answer = await self._kept.exchange.manage(call, method, path, document)
        if answer.status not in (200, 201, 204):
            raise refusal(self._kept.exchange.name, doing, answer)
        if answer.body:
            raise self._kept.odd(text_of(answer.body, "status"))
        return answer.rows

    def _told(self, rows: Sequence[Body], fields: Fields) -> Receipt:
        row = _labelled(rows, fields)
        if row is None:
            raise self._kept.odd("a list without the field")
        return self._receipt(text_of(row, "id"))

    def _receipt(self, id_: str) -> Receipt:
        return self._kept.receipt(id_, {"field_id": id_})


def _path(fields: Fields, id_: str = "") -> str:
    path = _PATHS[values.required_text(fields, "on")]
    return f"{path}/{quote(id_, safe='')}" if id_ else path


def _document(fields: Fields) -> dict[str, object]:
    found: dict[str, object] = {"fieldType": values.text(fields, "kind") or "text"}
    return found | {theirs: fields[ours] for ours, theirs in _THEIRS.items() if ours in fields}


def _labelled(rows: Sequence[Body], fields: Fields) -> Body | None:
    label = values.required_text(fields, "label")
    return next((row for row in rows if text_of(row, "label") == label), None)
