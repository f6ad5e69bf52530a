"""A connector's own values refuse to be made wrongly."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector import installed
from tillbridge.connector.abilities import Call, Receipt, Write
from tillbridge.connector.connector import Connector
from tillbridge.connector.documents import DocumentShape, Fields

SHAPE = DocumentShape("sales_order", "Sales order", ())


async def send(call: Call, fields: Fields) -> Receipt:
    return Receipt()


@pytest.mark.parametrize("name", ["Books", "my books", "b\u00fccher", "a/b", "", "a_b"])
def test_a_name_unfit_for_an_address_is_refused(name: str) -> None:
    with pytest.raises(Misconfigured):
        Connector(name, "Books", object, lambda *_: object())


@pytest.mark.parametrize("safety", ["find", "fence"])
def test_a_safety_that_is_declared_must_be_offered(safety: str) -> None:
    with pytest.raises(TypeError, match=safety):
        Write(SHAPE, safety, send)  # type: ignore[arg-type]  # one of the literals, by parameter


def test_a_natural_key_needs_nothing_more() -> None:
    assert Write(SHAPE, "natural_key", send).find is None


BOOKS = Connector("books", "Books", object, lambda *_: object())


@dataclass
class Found:
    """Stands in for the installed entry points, which a test cannot install."""

    points: list[EntryPoint]

    def __call__(self, group: str) -> Iterator[EntryPoint]:
        return iter(self.points)


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, installed.GROUP)


def offered(monkeypatch: pytest.MonkeyPatch, *points: EntryPoint) -> dict[str, Connector]:
    monkeypatch.setattr(installed, "entry_points", Found(list(points)))
    return installed.installed_connectors()


def test_installed_connectors_come_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = offered(monkeypatch, point("shop", "tillbridge_shop.connector:CONNECTOR"))
    assert list(found) == ["shop"]


def test_an_entry_point_to_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misconfigured, match="not a Connector"):
        offered(monkeypatch, point("shop", "decimal:Decimal"))


def test_an_entry_point_under_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misconfigured, match="not a Connector"):
        offered(monkeypatch, point("store", "tillbridge_shop.connector:CONNECTOR"))


def test_two_packages_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = point("shop", "tillbridge_shop.connector:CONNECTOR")
    with pytest.raises(Misconfigured, match="Two installed packages"):
        offered(monkeypatch, twice, twice)
