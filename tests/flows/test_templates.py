"""Every template that ships loads without a problem, and its examples pass."""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tillbridge.connections.configuration import read_configuration
from tillbridge.connections.connections import Connections
from tillbridge.connector.installed import installed_connectors
from tillbridge.connector.settings import Secret
from tillbridge.flows.folder import Folder, load_folder
from tillbridge.flows.library import ConnectionShapes, shapes_of

TEMPLATES = sorted(
    path
    for path in Path(str(files("tillbridge").joinpath("templates"))).iterdir()
    if (path / "tillbridge.yaml").exists()
)
MADE_UP_KEY = "QUJD" * 11


@cache
def private_key() -> str:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def secret_of(name: str) -> Secret:
    """A made-up value of the form each kind of secret has."""
    if name.endswith("mle"):
        return Secret(private_key())
    return Secret(f"k1:{MADE_UP_KEY}" if name.endswith("webhooks") else MADE_UP_KEY)


def shapes_of_template(template: Path) -> dict[str, ConnectionShapes]:
    """What the template's connections take."""
    text = (template / "tillbridge.yaml").read_text(encoding="utf-8")
    configured = read_configuration(text, "production", installed_connectors())
    opened = Connections.open(configured, secret_of, lambda: datetime.now(UTC), 1.0)
    return {
        item.name: shapes_of(item.configured.connector.name, item.session) for item in opened.all()
    }


def load(template: Path) -> Folder:
    return load_folder(template, shapes_of_template(template))


@pytest.mark.parametrize("template", TEMPLATES, ids=[path.name for path in TEMPLATES])
def test_a_template_loads_and_its_examples_pass(template: Path) -> None:
    folder = load(template)
    assert [str(problem) for problem in folder.problems] == []
    results = folder.run_examples()
    assert bool(results) == bool(folder.library.mappings)
    assert {
        f"{result.mapping}: {result.name}": result.differences
        for result in results
        if not result.passed
    } == {}
    assert folder.flows
