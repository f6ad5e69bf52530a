"""Transactions by id, found also by what they belong to: one of thousands is asked for."""

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Booked(dict[str, T]):
    """A dictionary that keeps its order, with indexes; what is put in is never taken out again."""

    def __init__(self, *names: str) -> None:
        """`names`: the attributes by which one is found; they do not change any more."""
        super().__init__()
        self._indexes: dict[str, dict[Any, list[T]]] = {name: {} for name in names}

    def __setitem__(self, id_: str, one: T) -> None:
        assert id_ not in self, "an id is given once"
        super().__setitem__(id_, one)
        for name, index in self._indexes.items():
            index.setdefault(getattr(one, name), []).append(one)

    def by(self, name: str, value: str) -> Sequence[T]:
        """Those whose attribute `name` is this, oldest first."""
        return self._indexes[name].get(value, ())
