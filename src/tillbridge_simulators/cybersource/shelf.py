"""Documents of one kind by id, as the services of tokens, billing and invoicing keep them."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PAGE_SIZE, PAGE_SIZE_MAX = 20, 100


@dataclass(slots=True)
class Shelf:
    """What was put there, in order; what is handed out is a copy."""

    _rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def put(self, id_: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Keeps `document` under `id_`, new or instead of what was there."""
        self._rows[id_] = copy.deepcopy(dict(document))
        return self.copy(id_)

    def find(self, id_: str) -> dict[str, Any] | None:
        """A copy of the document; None where there is none."""
        return self.copy(id_) if id_ in self._rows else None

    def copy(self, id_: str) -> dict[str, Any]:
        """A copy of the document. Raises KeyError."""
        return copy.deepcopy(self._rows[id_])

    def drop(self, id_: str) -> None:
        """Forgets it. Raises KeyError."""
        del self._rows[id_]

    def where(self, wanted: Callable[[Mapping[str, Any]], bool]) -> Iterator[dict[str, Any]]:
        """Copies of those that are wanted, oldest first."""
        for id_, row in list(self._rows.items()):
            if wanted(row):
                yield self.copy(id_)

    def __len__(self) -> int:
        return len(self._rows)


def merged(document: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """JSON merge patch (RFC 7396): null removes, objects are merged, all else replaces."""
    result = copy.deepcopy(dict(document))
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            inner = result.get(name)
            result[name] = merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[name] = copy.deepcopy(value)
    return result


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    """offset and limit of a list's query. Raises ValueError for what is no page."""
    offset, limit = int(query.get("offset", "0")), int(query.get("limit", str(PAGE_SIZE)))
    if offset < 0 or not 1 <= limit <= PAGE_SIZE_MAX:
        raise ValueError(f"offset {offset}, limit {limit}")
    return offset, limit
