"""The recorded index: every operation of the official client, and what its bodies are made of.

Source: the official Python client 0.0.80 (names and types) and 0.0.20 (how long a text may be),
written down by record.py.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the documents.

    Attributes:
        group, name: as the official client names its file and method.
        path: with its parameters in braces: "/pts/v2/payments/{id}/captures".
        body, answer: the models' names, "" where there is none.
        query, accept: the query parameters, and the content types it may answer.
        encrypts: whether its body may ("optional") or must ("mandatory") be encrypted; "" neither.
    """

    group: str
    name: str
    method: str
    path: str
    body: str
    answer: str
    query: tuple[str, ...]
    accept: tuple[str, ...]
    encrypts: str

    @property
    def key(self) -> str:
        """Its name in our tables: "capture.capture_payment"."""
        return f"{self.group}.{self.name}"


@dataclass(frozen=True, slots=True)
class Index:
    """The operations by their keys, and the models' fields by name."""

    operations: Mapping[str, Operation]
    models: Mapping[str, Mapping[str, str]]

    def flaws(self, model: str, document: Mapping[str, Any]) -> list[str]:
        """The dotted paths of `document` that are of another type or longer than recorded."""
        return list(self._flaws(model or "any", document, ""))

    def unknown(self, model: str, document: Mapping[str, Any]) -> list[str]:
        """The dotted paths of `document` that no model knows; Cybersource reads over them."""
        return list(self._unknown(model, document, ""))

    def known(self, model: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """What the model knows of `document`, without what is null."""
        kept: dict[str, Any] = self._known(model, document)
        return kept

    def _known(self, kind: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._known(kind[1:-1], item) for item in value if kind.startswith("[")]
        if isinstance(value, Mapping):
            fields = self.models.get(kind, {})
            return {
                name: self._known(fields[name], inner)
                for name, inner in value.items()
                if name in fields and inner is not None
            }
        return value

    def as_recorded(self, model: str, document: dict[str, Any]) -> dict[str, Any]:
        """`document` with each plain value in the type that is recorded: clients send the year of a
        card as a number, and a count as a text. Call it for a document without flaws."""
        kept: dict[str, Any] = self._as_recorded(model or "any", document)
        return kept

    def _as_recorded(self, kind: str, value: Any) -> Any:
        if isinstance(value, list):
            if not value and (kind in self.models or kind.startswith("{")):
                return {}
            inner = kind[1:-1] if kind.startswith("[") else "any"
            return [self._as_recorded(inner, item) for item in value]
        if isinstance(value, dict):
            fields = self.models.get(kind, {})
            rest = kind[1:-1] if kind.startswith("{") else "any"
            return {
                known: self._as_recorded(fields.get(known, rest), inner)
                for name, inner in value.items()
                for known in (_known_as(name, fields),)
            }
        if kind.endswith(_COMPANY) and isinstance(value, str):
            return {"name": value}
        return _plain_as_recorded(kind.partition(" ")[0], value)

    def _flaws(self, kind: str, value: Any, path: str) -> Iterator[str]:
        if value is None or kind == "any":
            return
        if kind.startswith("["):
            if isinstance(value, list):
                for at, item in enumerate(value):
                    yield from self._flaws(kind[1:-1], item, f"{path}[{at}]")
            else:
                yield path
        elif kind.startswith("{") or kind in self.models:
            yield from self._object_flaws(kind, value, path)
        elif not _fits(kind, value):
            yield path

    def _object_flaws(self, kind: str, value: Any, path: str) -> Iterator[str]:
        if value == []:
            return  # what PHP makes of an object without fields
        if kind.endswith(_COMPANY) and isinstance(value, str):
            value = {"name": value}
        if not isinstance(value, dict):
            yield path
            return
        fields = self.models.get(kind, {})
        for name, inner in value.items():
            rest = kind[1:-1] if kind.startswith("{") else ""
            if wanted := fields.get(_known_as(name, fields), rest):
                yield from self._flaws(wanted, inner, _joined(path, name))

    def _unknown(self, kind: str, value: Any, path: str) -> Iterator[str]:
        if kind.startswith("[") and isinstance(value, list):
            for at, item in enumerate(value):
                yield from self._unknown(kind[1:-1], item, f"{path}[{at}]")
        elif (fields := self.models.get(kind)) is not None and isinstance(value, dict):
            for name, inner in value.items():
                if (known := _known_as(name, fields)) in fields:
                    yield from self._unknown(fields[known], inner, _joined(path, name))
                else:
                    yield _joined(path, name)


_SAID_OTHERWISE = {("CardProcessingConfigCommon", "domesticMerchantId"): "text"}
"""What the client's models say otherwise than its samples send it: a boolean, and "123458"."""


_COMPANY = "BillToCompany"
"""The models of a company: earlier clients and plug-ins give its name alone."""
_WRITTEN_OTHERWISE = {
    "companyTaxID": "companyTaxId",
    "productSKU": "productSku",
    "SECCode": "secCode",
}
"""As the client for Python writes three names, whatever its own models call them."""


@cache
def recorded() -> Index:
    """The index as it lies beside this file; read once."""
    operations = {}
    for row in _rows("operations.jsonl"):
        row |= {"query": tuple(row["query"]), "accept": tuple(row["accept"])}
        operation = Operation(**row)
        operations[operation.key] = operation
    models = {row["model"]: row["fields"] for row in _rows("models.jsonl")}
    for (model, name), kind in _SAID_OTHERWISE.items():
        models[model][name] = kind
    return Index(operations, models)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (files(__package__) / name).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _known_as(name: str, fields: Mapping[str, str]) -> str:
    """The name as the model has it."""
    if name in fields:
        return name
    other = _WRITTEN_OTHERWISE.get(name, name)
    return other if other in fields else name


def _fits(kind: str, value: object) -> bool:
    """Whether a plain value is of the recorded kind; numbers and their texts are not told apart."""
    if isinstance(value, (dict, list)):
        return False
    word, _, most = kind.partition(" ")
    if word == "boolean":
        return value in (True, False, "true", "false")
    if word == "integer":
        return _is_number(value) and Decimal(str(value)) % 1 == 0
    if word == "number":
        return _is_number(value)
    return not most or len(str(value)) <= int(most)


def _plain_as_recorded(word: str, value: Any) -> Any:
    if value is None or value == "":
        return value
    if word == "text" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if word == "boolean" and isinstance(value, str):
        return value == "true"
    if word == "integer" and _is_number(value):
        return int(Decimal(str(value)))
    if word == "number" and _is_number(value):
        return Decimal(str(value))
    return value


def _is_number(value: object) -> bool:
    try:
        return not isinstance(value, bool) and Decimal(str(value)).is_finite()
    except ArithmeticError:
        return False
