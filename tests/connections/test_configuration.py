"""tillbridge.yaml: what is wrong is said with its line and the next step."""

import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.configuration import Configured, read_configuration
from tillbridge.connector.installed import installed_connectors
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_shop.settings import ShopSettings

GOOD = """\
title: My books
environment: production
connections:
  webshop:
    connector: shop
    pays_through: cybersource
    settings: {id: webshop, signing_secret: webshop_signing}
  cybersource:
    connector: cybersource
    timeout: 60
    settings:
      merchant_id: acme
      key_id: 08c94330
      secret_key: cybersource_key
      base_url: https://api.cybersource.com
    environments:
      qa:
        base_url: https://apitest.cybersource.com
        merchant_id: acme_test
"""


def read(text: str, environment: str = "") -> dict[str, Configured]:
    return read_configuration(text, environment, installed_connectors())


def secret_of(name: str) -> Secret:
    return Secret(f"the value of {name}")


def test_connections_are_read_with_what_they_pay_through_and_how_long_they_may_take() -> None:
    found = read(GOOD)

    assert list(found) == ["webshop", "cybersource"]
    assert found["webshop"].pays_through == "cybersource"
    assert (found["webshop"].timeout_s, found["cybersource"].timeout_s) == (30.0, 60.0)


@pytest.mark.complaint("I13")
def test_secrets_stand_in_it_by_name_only() -> None:
    found = read(GOOD)

    assert found["webshop"].secret_names == ("webshop_signing",)
    settings = found["webshop"].parse(secret_of)
    assert isinstance(settings, ShopSettings)
    assert settings.signing_secret.value == "the value of webshop_signing"
    assert "the value of" not in repr(settings)


@pytest.mark.complaint("I12", "I13")
def test_an_environments_values_go_over_the_common_ones() -> None:
    settings = read(GOOD, "qa")["cybersource"].parse(secret_of)

    assert isinstance(settings, CybersourceSettings)
    assert settings.base_url == "https://apitest.cybersource.com"
    assert settings.merchant_id == "acme_test"
    assert settings.key_id == "08c94330"


@pytest.mark.complaint("I12")
def test_the_file_names_its_own_environment() -> None:
    text = GOOD.replace("environment: production", "environment: qa")

    assert read(text)["cybersource"].settings["merchant_id"] == "acme_test"
    assert read(text, "production")["cybersource"].settings["merchant_id"] == "acme"


WRONG = [
    ("connections: [", "bad_yaml", 1, "not YAML"),
    ("title: x\n", "missing_field", 1, "'connections' is missing"),
    ("connections: 7\n", "", 1, "fields with values"),
    ("conections: {}\n", "", 1, "conections"),
    ("connections:\n  a:\n    settings: {}\n", "missing_field", 3, "'connector' is missing"),
    ("connections:\n  a:\n    connector: chop\n", "", 3, "chop"),
    ("connections:\n  a:\n    connector: shop\n    setings: {}\n", "", 4, "setings"),
    (
        "connections:\n  a:\n    connector: shop\n    timeout: soon\n    settings: {}\n",
        "bad_number",
        4,
        "'soon'",
    ),
    (
        "connections:\n  a:\n    connector: shop\n    timeout: 0\n    settings: {}\n",
        "bad_number",
        4,
        "'0'",
    ),
    (
        "connections:\n  a:\n    connector: shop\n    settings:\n      id: [1, 2]\n",
        "",
        5,
        "",
    ),
    (
        "connections:\n  a:\n    connector: shop\n    pays_through: b\n    settings: {}\n",
        "",
        3,
        "'b'",
    ),
    ("connections:\n  a: {connector: shop}\n  a: {connector: shop}\n", "", 3, "a"),
]


@pytest.mark.parametrize(("text", "reason", "line", "said"), WRONG)
def test_what_cannot_be_read_names_its_file_and_line(
    text: str, reason: str, line: int, said: str
) -> None:
    with pytest.raises(Misconfigured) as wrong:
        read(text)

    place = wrong.value.place
    assert place is not None
    assert (place.file, place.line) == ("tillbridge.yaml", line)
    assert said in str(wrong.value)
    assert not reason or wrong.value.reason == reason


def settings_of(text: str) -> Misconfigured:
    with pytest.raises(Misconfigured) as wrong:
        read(text)["webshop"].parse(secret_of)
    assert wrong.value.place is not None
    assert wrong.value.place.file == "tillbridge.yaml"
    return wrong.value


def test_a_misspelt_setting_names_the_nearest() -> None:
    wrong = settings_of(GOOD.replace("signing_secret", "signing_secrets"))

    assert wrong.reason == "unknown_setting"
    assert "Did you mean 'signing_secret'?" in wrong.next_step


def test_a_missing_setting_is_named() -> None:
    wrong = settings_of(GOOD.replace("{id: webshop, signing_secret: webshop_signing}", "{}"))

    assert wrong.reason == "missing_setting"


def test_a_setting_of_the_wrong_kind_is_shown_unless_it_is_a_secret() -> None:
    text = GOOD.replace(
        "{id: webshop, signing_secret: webshop_signing}",
        "{id: webshop, signing_secret: webshop_signing, max_age_s: soon}",
    )

    assert "'soon'" in settings_of(text).message


def test_a_secret_that_is_not_set_says_how_to_set_it() -> None:
    def missing(name: str) -> Secret:
        raise Misconfigured(f"The secret {name!r} is not set.", reason="missing_secret")

    with pytest.raises(Misconfigured, match="'webshop_signing' is not set"):
        read(GOOD)["webshop"].parse(missing)


@pytest.mark.complaint("I11")
def test_two_shops_may_not_share_a_payment_connection() -> None:
    """Orders are told apart by their number; two shops may both have a 1001."""
    second = """\
  outlet:
    connector: shop
    pays_through: cybersource
    settings: {id: outlet, signing_secret: outlet_signing}
"""

    with pytest.raises(Misconfigured) as wrong:
        read(GOOD + second)

    assert wrong.value.reason == "shared_payments"
    assert wrong.value.place is not None
    assert wrong.value.place.line is not None
