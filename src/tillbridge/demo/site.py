"""The demo's folder: a template whose connections are simulators."""

import shutil
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, TypeAlias

Addresses: TypeAlias = Mapping[str, Mapping[str, Any]]
"""By system what a connection to it needs, as tillbridge_simulators.world prints it."""

TEMPLATE = "order-to-cash-both"
SHOP = "webshop"
SHOP_SECRET = "the demo shop's signing secret, made up"  # noqa: S105 (it opens a simulator)
WEBHOOK_KEYS = "bf44c857-b182-bb05-e053-34b8d30a7a72:d2ViaG9vay1zaWduaW5nLWtleS1mb3ItdGVzdHM="
"""The digital signature key of the simulated Cybersource (its Subscription's defaults)."""
LOCK_WAIT_S = 120
"""Divided by the factor like every wait; transactions in Sage Pro take real time, which is not."""


def write_site(folder: Path, outside: Addresses) -> None:
    """Copies the template into the folder and points its connections at the simulators."""
    with as_file(files("tillbridge").joinpath("templates", TEMPLATE)) as template:
        shutil.copytree(template, folder, dirs_exist_ok=True)
    text = "\n".join(_connections(outside))
    (folder / "tillbridge.yaml").write_text(f"title: The demo's day\nconnections:\n{text}\n")


def secrets(outside: Addresses) -> dict[str, str]:
    """The values of the secrets the connections name."""
    return {
        "shop": SHOP_SECRET,
        "cybersource": str(outside["cybersource"]["secret_key"]),
        "webhooks": WEBHOOK_KEYS,
        "dynamics": "dynamics-simulator-secret",
        "sage": "sandbox",
    }


def _connections(outside: Addresses) -> list[str]:
    payments, erp, sage = outside["cybersource"], outside["dynamics365"], outside["sagepro"]
    return [
        _connection(
            SHOP,
            "shop",
            {"id": SHOP, "signing_secret": "shop", "status_url": outside["shop"]["status_url"]},
            pays_through="cybersource",
        ),
        _connection(
            "cybersource",
            "cybersource",
            {
                "merchant_id": payments["merchant_id"],
                "key_id": payments["key_id"],
                "secret_key": "cybersource",
                "base_url": payments["url"],
                "webhook_keys": "webhooks",
                "search_lag_s": 10,
                "address_check_policy": "reverse",
                "partial_captures": "yes",
            },
        ),
        _connection(
            "dynamics",
            "dynamics365",
            {
                "organization_url": erp["url"],
                "authority_url": erp["url"],
                "tenant": "contoso",
                "client_id": "tillbridge-app",
                "client_secret": "dynamics",
            },
        ),
        _connection(
            "sage",
            "sagepro",
            {
                "host": sage["host"],
                "port": sage["port"],
                "user": "tillbridge",
                "password": "sage",
                "company_database": "PRO05",
                "company_id": '"05"',
                "location": "MAIN",
                "transliterate": "yes",
                "lock_wait_s": LOCK_WAIT_S,
            },
        ),
    ]


def _connection(
    name: str, connector: str, settings: Mapping[str, object], *, pays_through: str = ""
) -> str:
    lines = [f"  {name}:", f"    connector: {connector}"]
    if pays_through:
        lines.append(f"    pays_through: {pays_through}")
    lines.append("    settings:")
    lines += [f"      {key}: {value}" for key, value in settings.items()]
    return "\n".join(lines)
