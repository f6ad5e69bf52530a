"""A user's folder whose connections are simulators."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import tillbridge

Erp: TypeAlias = Literal["dynamics", "sage"]
Addresses: TypeAlias = Mapping[str, Mapping[str, Any]]
"""By system what a connection to it needs, as tillbridge_simulators.world prints it."""

ERPS: tuple[Erp, ...] = ("dynamics", "sage")
SYSTEMS: dict[Erp, str] = {"dynamics": "dynamics365", "sage": "sagepro"}
"""Each template's ERP by the simulator's name."""

SHOP_SECRET = "the shop's signing secret, of 32 or more"  # noqa: S105 (made up; it opens a simulator)
WEBHOOK_KEYS = "bf44c857-b182-bb05-e053-34b8d30a7a72:d2ViaG9vay1zaWduaW5nLWtleS1mb3ItdGVzdHM="
"""The simulated Cybersource's own digital signature key, as its Subscription has it."""
_AUTHORIZATION = "cybersource-authorization"
_TEMPLATES = Path(tillbridge.__file__).parent / "templates"


def write_site(
    folder: Path,
    erp: Erp,
    outside: Addresses,
    cybersource: Mapping[str, str] | None = None,
    timeout_s: int = 30,
    *,
    stores_cards: bool = False,
) -> None:
    """Writes the template's folder; `cybersource` are settings of that connection to change,
    `timeout_s` is its time-out, and with `stores_cards` every card that pays is stored."""
    shutil.copytree(_TEMPLATES / f"order-to-cash-{erp}", folder, dirs_exist_ok=True)
    text = connections((erp,), outside, cybersource or {}, timeout_s)
    if stores_cards:
        mapping = folder / "mappings" / f"{_AUTHORIZATION}.yaml"
        mapping.write_text(
            mapping.read_text().replace("fields:\n", 'fields:\n  store_token: "true"\n', 1)
        )
        pays = "    pays_through: cybersource\n"
        text = text.replace(pays, f"{pays}    authorizes_with: {_AUTHORIZATION}\n")
    (folder / "tillbridge.yaml").write_text(text)


def connections(
    erps: Sequence[Erp],
    outside: Addresses,
    cybersource: Mapping[str, str],
    timeout_s: int,
    sage_timeout_s: int = 30,
) -> str:
    """The text of a tillbridge.yaml over these ERPs; the rest as for `write_site`."""
    payments = outside["cybersource"]
    parts = [
        "connections:",
        _connection(
            "webshop",
            "shop",
            {
                "id": "webshop",
                "signing_secret": "shop",
                "status_url": outside["shop"]["status_url"],
            },
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
                **cybersource,
            },
            timeout=timeout_s,
        ),
        *(
            _dynamics(outside) if erp == "dynamics" else _sage(outside, sage_timeout_s)
            for erp in erps
        ),
    ]
    return "\n".join(parts)


def secrets(outside: Addresses) -> dict[str, str]:
    """The secrets of the folder as environment variables."""
    values = {
        "SHOP": SHOP_SECRET,
        "CYBERSOURCE": str(outside["cybersource"]["secret_key"]),
        "WEBHOOKS": WEBHOOK_KEYS,
        "DYNAMICS": "dynamics-simulator-secret",
        "SAGE": "sandbox",
    }
    return {f"TILLBRIDGE_SECRET_{name}": value for name, value in values.items()}


def _dynamics(outside: Addresses) -> str:
    url = outside["dynamics365"]["url"]
    settings = {
        "organization_url": url,
        "authority_url": url,
        "tenant": "contoso",
        "client_id": "tillbridge-app",
        "client_secret": "dynamics",
    }
    limits = outside["dynamics365"].get("limits")
    more = {} if limits is None else {"limits": limits}
    return _connection("dynamics", "dynamics365", settings, **more)


def _sage(outside: Addresses, timeout_s: int) -> str:
    settings = {
        "host": outside["sagepro"]["host"],
        "port": outside["sagepro"]["port"],
        "user": "tillbridge",
        "password": "sage",
        "company_database": "PRO05",
        "company_id": '"05"',
        "location": "MAIN",
        "transliterate": "yes",
        "lock_wait_s": 120,  # divided by the factor, while transactions take real time
    }
    return _connection("sage", "sagepro", settings, timeout=timeout_s)


def _connection(name: str, connector: str, settings: Mapping[str, object], **more: object) -> str:
    lines = [f"  {name}:", f"    connector: {connector}"]
    lines += [f"    {key}: {value}" for key, value in more.items()]
    lines.append("    settings:")
    lines += [f"      {key}: {value}" for key, value in settings.items()]
    return "\n".join(lines)
