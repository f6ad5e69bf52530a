import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tillbridge.canonical.errors import Rejected
from tillbridge.mapping.person_functions import is_phone, name_parts, phone, phone_format

WORDS = st.sampled_from(
    ("Ada", "King", "de", "la", "von", "und", "Dr.", "Jr.", "and", "&", "Mr", "(Bob)", '"Bo"',
     "'t", "Hart", ",", "III", "PhD", "née", "MD", "O'Neil", "y", "'", "-", "Mary-Ann", "Q.",
     "山田", "太郎", "Łukasz", "Ltd")
)  # fmt: skip


def words(text: str) -> Counter[str]:
    return Counter(word for word in (w.strip(",.()'\"") for w in re.split(r"[\s,]+", text)) if word)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Ada King", {"first": "Ada", "last": "King"}),
        ("King, Ada Lovelace", {"first": "Ada", "middle": "Lovelace", "last": "King"}),
        ("Ludwig van Beethoven", {"first": "Ludwig", "last": "van Beethoven"}),
        ("Jean-Luc Picard, Jr.", {"first": "Jean-Luc", "last": "Picard", "suffix": "Jr."}),
        ('John "Johnny" Doe', {"first": "John", "last": "Doe", "nickname": "Johnny"}),
        ("山田 太郎", {"first": "太郎", "last": "山田"}),
        ("Madonna", {"first": "Madonna"}),
        ("", {}),
        # the parser would leave a word out of these
        ("Ada King née Byron", {"first": "Ada King née", "last": "Byron"}),
        ("- &", {"first": "-", "last": "&"}),
        ("&", {"first": "&"}),
    ],
)
def test_a_name_is_split_into_its_parts(text: str, parts: dict[str, str]) -> None:
    assert {name: part for name, part in name_parts(text).items() if part} == parts


@given(st.lists(WORDS, max_size=7).map(" ".join))
@example("née")
@example("(")
def test_no_word_of_a_name_is_lost(text: str) -> None:
    assert words(" ".join(name_parts(text).values())) == words(text)


def test_a_name_has_a_bounded_length() -> None:
    assert name_parts("a " * 150)["first"]
    with pytest.raises(Rejected, match="at most 300 characters, not 302"):
        name_parts("a " * 151)


def test_a_number_is_the_same_however_it_is_written() -> None:
    written = ["020 7946 0958", "(020) 79460958", "+44 20 7946 0958", "0044 20 7946 0958"]
    assert {phone(each, "gb") for each in written} == {"+442079460958"}


def test_an_extension_is_not_lost() -> None:
    assert phone_format("(201) 555-0123 x45", "US", "international") == "+1 201-555-0123 ext. 45"
    with pytest.raises(Rejected, match="has an extension"):
        phone("(201) 555-0123 x45", "US")


@pytest.mark.parametrize("text", ["", "ask for Ada", "123", "1" * 300])
def test_what_is_no_number_is_refused(text: str) -> None:
    assert not is_phone(text, "US")
    with pytest.raises(Rejected, match="is not a telephone number in US"):
        phone(text, "US")


def test_without_a_country_a_number_has_its_code() -> None:
    assert phone("+1 201 555 0123", "") == "+12015550123"
    with pytest.raises(Rejected, match="with its country's code"):
        phone("201 555 0123", "")


def test_a_country_or_style_nobody_knows_is_told() -> None:
    with pytest.raises(Rejected, match="'XX' is not a country with telephones"):
        is_phone("1", "XX")
    with pytest.raises(Rejected, match="Use international or national"):
        phone_format("+12015550123", "", "short")
