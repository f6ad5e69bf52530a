"""Pseudonyms are always the same for the same, and of the same build."""

import string

from hypothesis import given
from hypothesis import strategies as st

from tillbridge.rehearsal.pseudonyms import Pseudonyms

ONE = Pseudonyms(b"one key of thirty-two bytes here")
OTHER = Pseudonyms(b"another key of thirty-two bytes.")
WORDS = st.text(string.ascii_letters + string.digits + " -'.,äÖéñßŁøЖя東京", max_size=60)


def test_a_name_is_one_name_wherever_it_stands() -> None:
    whole = ONE.text("Ada Lovelace")
    assert whole == f"{ONE.text('Ada')} {ONE.text('Lovelace')}"
    assert ONE.text("ADA") == ONE.text("Ada").upper()
    assert "Ada" not in whole and "Lovelace" not in whole


def test_another_installation_has_other_pseudonyms() -> None:
    assert ONE.text("Lovelace") != OTHER.text("Lovelace")


@given(WORDS)
def test_the_build_stays(text: str) -> None:
    made = ONE.text(text)
    assert len(made) == len(text)
    for before, after in zip(text, made, strict=True):
        assert before.isdigit() == after.isdigit()
        assert before.isalpha() == after.isalpha()
        assert before.isupper() == after.isupper()
        assert before.isascii() == after.isascii()


def test_an_address_of_mail_reaches_nobody_and_keeps_its_length() -> None:
    made = ONE.email("ada.lovelace@example.org")
    assert made.endswith(".test")
    assert len(made) == len("ada.lovelace@example.org")
    assert made.count("@") == 1


def test_a_phone_number_keeps_its_signs_and_its_country() -> None:
    original = "+44 (0)20 7946-0000"
    made = ONE.phone(original)
    assert made.startswith("+44 (")
    signs = [[char for char in text if not char.isdigit()] for text in (made, original)]
    assert signs[0] == signs[1]


def test_the_same_number_written_otherwise_is_the_same_number() -> None:
    digits = [
        "".join(filter(str.isdigit, ONE.phone(text)))
        for text in ("+44 20 7946 0000", "+442079460000")
    ]
    assert digits[0] == digits[1]


def test_a_code_stays_and_a_sentence_does_not() -> None:
    assert ONE.free_text("B2B") == "B2B"
    assert ONE.free_text("ring for Ada") != "ring for Ada"
    assert ONE.free_text("ada@example.org").endswith(".test")


def test_a_word_that_was_personal_elsewhere_is_personal_in_a_code() -> None:
    known = Pseudonyms(b"a third key of thirty-two bytes!")
    known.text("Lovelace")
    assert "Lovelace" not in known.free_text("VIP-Lovelace")
