"""A small site for the surfaces' tests: a shop, a Cybersource that is not there, and one flow."""

import base64
from pathlib import Path

import pytest

from tillbridge.assembly import Site

SIGNING = "a made-up signing secret of 40 characters"
CONFIGURATION = """\
title: A shop for the tests
connections:
  webshop:
    connector: shop
    pays_through: till
    settings: {id: webshop, signing_secret: webshop_signing}
  till:
    connector: cybersource
    settings:
      merchant_id: acme
      key_id: key-1
      secret_key: till_key
      base_url: http://127.0.0.1:1
"""
FLOW = """\
flow: reverse-cancelled
title: A cancelled order gives its hold back
lane: till
starts_on: [order.cancelled]
steps:
  - stop: nothing was paid
"""


def make_site(folder: Path) -> Site:
    """Writes the site's files."""
    (folder / "flows").mkdir(parents=True)
    (folder / "tillbridge.yaml").write_text(CONFIGURATION)
    (folder / "flows" / "reverse-cancelled.yaml").write_text(FLOW)
    return Site(folder)


def give_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's secrets, by the environment."""
    monkeypatch.setenv("TILLBRIDGE_SECRET_WEBSHOP_SIGNING", SIGNING)
    key = base64.b64encode(b"made up, thirty-two bytes long..").decode()
    monkeypatch.setenv("TILLBRIDGE_SECRET_TILL_KEY", key)
