"""Instants a session remembers by an id: what is lost with it is only asked again."""

from datetime import datetime

SIZE_MAX = 10_000


class Instants:
    """The newest `size_max` instants by their ids; the oldest entry makes way for a new one."""

    def __init__(self, size_max: int = SIZE_MAX) -> None:
        self._size_max = size_max
        self._kept: dict[str, datetime] = {}

    def get(self, id_: str) -> datetime | None:
        return self._kept.get(id_)

    def keep(self, id_: str, instant: datetime) -> None:
        self.forget(id_)
        if len(self._kept) >= self._size_max:
            del self._kept[next(iter(self._kept))]
        self._kept[id_] = instant

    def forget(self, id_: str) -> None:
        self._kept.pop(id_, None)
