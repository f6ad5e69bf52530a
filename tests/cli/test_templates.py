"""A folder of one's own becomes a template: addresses are asked, secrets never travel."""

from pathlib import Path

import pytest
from tests.cli.conftest import Tell


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where templates of one's own are kept."""
    folder = tmp_path / "templates"
    monkeypatch.setenv("TILLBRIDGE_TEMPLATES", str(folder))
    return folder


@pytest.fixture
async def ours(tell: Tell, tmp_path: Path) -> Path:
    """A folder made of a template, with addresses of its own and something private."""
    folder = tmp_path / "ours"
    assert (await tell("init", str(folder), "--template", "order-to-cash-dynamics")).exit_code == 0
    text = (folder / "tillbridge.yaml").read_text()
    text = text.replace("https://your-org.crm4.dynamics.com", "https://acme.crm4.dynamics.com")
    (folder / "tillbridge.yaml").write_text(text.replace("your_merchant_id", "acme_merchant"))
    (folder / ".tillbridge").mkdir()
    (folder / ".tillbridge" / "seal.key").write_text("secret")
    (folder / "notes.txt").write_text("the password is ...")
    return folder


async def test_a_saved_template_has_the_texts_and_nothing_of_the_installation(
    tell: Tell, ours: Path, kept: Path
) -> None:
    result = await tell("template", "save", str(ours), "our-shop")
    assert result.exit_code == 0, result.output
    saved = kept / "our-shop"
    text = (saved / "tillbridge.yaml").read_text()
    assert "acme" not in text
    assert "organization_url: <Organization address>" in text
    assert "client_secret: dynamics_secret" in text  # the secret's name, which is no secret
    assert "partial_captures: yes" in text
    assert "# Connections by name." in text
    assert not (saved / ".tillbridge").exists()
    assert not (saved / "notes.txt").exists()
    assert (saved / "tests" / "orders.yaml").read_text() == (
        ours / "tests" / "orders.yaml"
    ).read_text()
    assert "dynamics.organization_url: Organization address" in result.stdout


async def test_a_saved_template_is_listed_and_used_with_answers(
    tell: Tell, ours: Path, kept: Path, tmp_path: Path
) -> None:
    await tell("template", "save", str(ours), "our-shop")
    assert "our-shop" in (await tell("init", "--list")).stdout
    second = tmp_path / "second"
    answer = "dynamics.organization_url=https://other.crm4.dynamics.com"
    result = await tell("init", str(second), "--template", "our-shop", "--answer", answer)
    assert result.exit_code == 0, result.output
    text = (second / "tillbridge.yaml").read_text()
    assert "organization_url: https://other.crm4.dynamics.com" in text
    assert "merchant_id: <Merchant id>" in text


async def test_a_template_can_be_a_path(tell: Tell, ours: Path, tmp_path: Path) -> None:
    result = await tell("init", str(tmp_path / "third"), "--template", str(ours))
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "third" / ".tillbridge").exists()


async def test_an_answer_nobody_asked_for_is_refused(
    tell: Tell, ours: Path, kept: Path, tmp_path: Path
) -> None:
    await tell("template", "save", str(ours), "our-shop")
    result = await tell("init", str(tmp_path / "x"), "--template", "our-shop", "--answer", "a.b=c")
    assert result.exit_code == 1
    assert "dynamics.tenant" in result.stderr


async def test_a_template_is_not_overwritten(tell: Tell, ours: Path, kept: Path) -> None:
    await tell("template", "save", str(ours), "our-shop")
    again = await tell("template", "save", str(ours), "our-shop")
    assert again.exit_code == 1
    assert "there already" in again.stderr
