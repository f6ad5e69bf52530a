import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mapping.values import order_with

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.parties import Address
from tillbridge.mapping.address_functions import (
    PLACE_PARTS,
    address_block,
    address_from,
    address_of,
    fit_lines,
)
from tillbridge.mapping.apply import prepare_mapping
from tillbridge.mapping.expression import expression
from tillbridge.mapping.postal import country_of
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.value_type import ANY
from tillbridge_dynamics365.order_shape import SALES_ORDER

COUNTRIES = ("US", "GB", "JP", "HK", "DE", "IE", "AE", "CN", "CA", "AU", "SG", "BR", "IN", "FR")


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


def normal(text: str, billing: Address) -> object:
    return expression(f"address(order.billing).{text}", event_scope()).evaluate(
        order_with(billing=billing)
    )


@pytest.mark.parametrize(
    ("part", "given", "expected"),
    [
        ("country", {"country": "united states"}, "US"),
        ("country_name", {"country": "de"}, "GERMANY"),
        ("region", {"country": "US", "region": "california"}, "CA"),
        ("region", {"country": "CA", "region": "Quebec"}, "QC"),
        ("region", {"country": "JP", "region": "Tokyo"}, "13"),
        ("region_name", {"country": "US", "region": "ny"}, "New York"),
        ("region", {"country": "GB", "region": "Greater London"}, "Greater London"),
        ("postal_code", {"country": "GB", "postal_code": "sw1a1aa"}, "SW1A 1AA"),
        ("postal_code", {"country": "CA", "postal_code": "h3z-2y7"}, "H3Z 2Y7"),
        ("postal_code", {"country": "US", "postal_code": "940431234"}, "94043-1234"),
        ("postal_code", {"country": "JP", "postal_code": "1000001"}, "100-0001"),
        ("postal_code", {"country": "HK", "postal_code": "0000"}, "0000"),
        ("city", {"country": "JP", "city": "千代田区"}, "千代田区"),
        ("city", {"country": "SG", "city": "Singapore"}, "Singapore"),
        ("city", {"country": "US", "city": " San  Francisco "}, "San Francisco"),
        ("line1", {"line1": "1\N{NO-BREAK SPACE}High St"}, "1 High St"),
    ],
)
def test_an_address_has_one_form(part: str, given: dict[str, str], expected: str) -> None:
    assert normal(part, Address(**given)) == expected


def test_what_a_country_does_not_know_stays_and_is_noted() -> None:
    made = read_mapping(
        "mapping: m\ntarget: dynamics365/sales_order\nfields:\n"
        "  billto_postalcode: address(order.billing).postal_code\n",
        "m.yaml",
    )
    with pytest.raises(Misconfigured):
        prepare_mapping(made, SALES_ORDER, {})
    shape = type(SALES_ORDER)("d", "D", tuple(f for f in SALES_ORDER.fields if not f.required))
    billing = Address(country="DE", postal_code="1011", region="Preußen")
    filled, notes = prepare_mapping(made, shape, {}).fill_noting(order_with(billing=billing))
    assert filled == {"billto_postalcode": "1011"}
    assert [str(note) for note in notes] == [
        "billto_postalcode: the postal code '1011' is none of GERMANY; it stays as it is"
    ]


def test_a_country_nobody_knows_is_told_with_the_nearest() -> None:
    with pytest.raises(Rejected, match=r"'Germny' is not a country. Did you mean DE \(GERMANY\)"):
        normal("country", Address(country="Germny"))
    with pytest.raises(Rejected, match="Use its two letters of ISO 3166-1"):
        country_of("XX")


@given(
    st.sampled_from(COUNTRIES),
    st.fixed_dictionaries(
        {
            name: st.sampled_from(["", "Alpha", "Beta 2", "12345", "x-y", "Gamma"])
            for name in ("first_name", "last_name", "company", *PLACE_PARTS[:-1])
        }
    ),
)
def test_no_country_loses_a_word_of_an_address(country: str, parts: dict[str, str]) -> None:
    block = address_block({**parts, "country": country})
    written = words(" ".join(block).replace("〒", ""))
    assert words(" ".join(parts.values())) <= written
    assert block[-1] == country_of(country).name


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        (("1 Main St", "", "Springfield", "IL", "62701", "US"), ["1 Main St",
         "Springfield, IL 62701", "UNITED STATES"]),
        (("1 High St", "", "Hull", "Yorkshire", "HU1 1AA", "GB"), ["1 High St", "Hull", "HU1 1AA",
         "Yorkshire", "UNITED KINGDOM"]),
        (("1 Nathan Rd", "", "Yau Ma Tei", "Kowloon", "0000", "HK"), ["Kowloon", "Yau Ma Tei",
         "1 Nathan Rd", "0000", "HONG KONG"]),
        (("x", "y", "", "", "20095", "DE"), ["x", "y", "20095", "GERMANY"]),
        (("1 Main St", "", "Springfield", "", "", "US"), ["1 Main St", "Springfield",
         "UNITED STATES"]),
        (("x", "", "Town", "", "", ""), ["x", "Town"]),
    ],
)  # fmt: skip
def test_an_address_is_written_as_its_country_does(
    place: tuple[str, ...], lines: list[str]
) -> None:
    assert address_block(address_of(*place)) == lines


@pytest.mark.parametrize(
    ("text", "country", "place"),
    [
        ("1 Main St, Springfield, IL 62701", "US", "1 Main St||Springfield|IL|62701|US"),
        ("1 Main St, Apt 2, Springfield, IL, 62701-1234, United States", "",
         "1 Main St|Apt 2|Springfield|IL|62701-1234|US"),
        ("10 Downing St\nLondon\nSW1A 2AA\nUnited Kingdom", "GB",
         "10 Downing St||London||SW1A 2AA|GB"),
        ("Hauptstr. 5, 10115 Berlin", "de", "Hauptstr. 5||Berlin||10115|DE"),
        ("1 rue X, Montréal QC H3Z 2Y7", "CA", "1 rue X||Montréal|QC|H3Z 2Y7|CA"),
        ("12 Rue Y; 75002 PARIS; FRANCE", "", "12 Rue Y||PARIS||75002|FR"),
        ("1 Nathan Rd, Yau Ma Tei, Kowloon, HK", "", "1 Nathan Rd||Yau Ma Tei|Kowloon||HK"),
        ("New York", "US", "New York|||||US"),
        ("1 Main St, New York", "US", "1 Main St||New York|||US"),
        ("", "US", "|||||US"),
    ],
)  # fmt: skip
def test_an_address_that_is_one_text_splits_into_its_parts(
    text: str, country: str, place: str
) -> None:
    assert "|".join(address_from(text, country).values()) == place


@given(
    st.sampled_from(COUNTRIES),
    st.lists(
        st.sampled_from(["1 Main St", "Springfield", "IL 62701", "10115 Berlin", "東京都", "US",
                         "SW1A 2AA", "Kowloon", "IL", "150-0001", "QC H3Z 2Y7", "12"]),
        max_size=6,
    ),
)  # fmt: skip
def test_no_word_of_a_split_address_is_lost(country: str, pieces: list[str]) -> None:
    parts = address_from(", ".join(pieces), country)
    of = country_of(parts.pop("country"))
    lost = words(" ".join(pieces)) - words(" ".join(parts.values()))
    assert lost <= words(f"{of.code} {of.name}")


@given(
    st.lists(st.lists(st.text("abc", min_size=1, max_size=9), min_size=1).map(" ".join)),
    st.integers(1, 5),
    st.integers(1, 30),
)
def test_lines_hold_every_word_or_refuse(texts: list[str], count: int, width: int) -> None:
    try:
        lines = fit_lines(texts, count, width)
    except Rejected as error:
        assert error.reason == "too_long"
        return
    assert len(lines) == count
    assert max(map(len, lines)) <= width
    assert " ".join(lines).split() == " ".join(texts).split()


def test_lines_that_do_not_fit_are_told() -> None:
    with pytest.raises(Rejected, match=r"'Flat 2 The Old Mill House' does not fit into 1 lines"):
        fit_lines(["Flat 2", "The Old Mill House"], 1, 20)
    with pytest.raises(Rejected, match="make no form"):
        fit_lines([], 0, 20)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("address_from('Springfield', '')", "'Springfield' does not say its country."),
        ("address_from(pad_left('', 1001, 'a'), 'US')", "at most 1,000 characters"),
        ("address_of(pad_left('', 1001, 'a'), '', '', '', '', 'US').address()", "at most 1,000"),
        ("address(order.custom)", "There is no part of an address in it."),
    ],
)
def test_what_is_no_address_is_refused(text: str, message: str) -> None:
    with pytest.raises(Rejected) as caught:
        expression(text, event_scope()).evaluate(order_with())
    assert message in str(caught.value)


def test_a_part_of_an_address_is_text() -> None:
    scope = {**event_scope(), "read": ANY}
    made = expression("address(read.fields).city", scope)
    assert made.evaluate({"read": {"fields": {"city": "Hull"}}}) == "Hull"
    with pytest.raises(Rejected, match="The city of an address has to be text"):
        made.evaluate({"read": {"fields": {"city": 5}}})
