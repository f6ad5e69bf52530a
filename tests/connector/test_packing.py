"""What the journal keeps of a document is the document, to the digit."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exactness import LONG, MONEY, PRICES, typed

from tillbridge.connector.documents import Fields
from tillbridge.connector.packing import pack, unpack

INSTANTS = st.datetimes(timezones=st.just(UTC))
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.text(), st.integers(), LONG, MONEY, PRICES, INSTANTS, st.dates()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES, max_size=3))
def test_what_is_packed_comes_back_equal_in_value_and_type(fields: Fields) -> None:
    assert typed(unpack(pack(fields))) == typed(fields)


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    at = datetime.fromisoformat("2026-01-01T01:00:00+02:00")
    assert unpack(pack({"at": at})) == {"at": at}


def test_names_that_begin_with_a_dollar_are_packed_like_any_other() -> None:
    fields: Fields = {"$money": "1 USD", "a": {"$x": Decimal("1.0")}}
    assert unpack(pack(fields)) == fields


def test_only_values_of_a_document_are_packed() -> None:
    with pytest.raises(TypeError, match="object is not a value of a document"):
        pack({"a": object()})  # type: ignore[dict-item]  # the one thing it refuses
