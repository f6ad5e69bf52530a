"""The reference page of flows is drawn from the forms, and its examples are flows."""

import re
from pathlib import Path

import pytest
import yaml
from tests.flows.test_planted import BY_NAME, DEFECTS
from tests.flows.test_templates import load

from tillbridge.flows.bundle import TextFile
from tillbridge.flows.flow import Flow
from tillbridge.flows.forms import CHANGES, FILE, SCHEDULE, WINDOW
from tillbridge.flows.library import Library
from tillbridge.flows.read import read_flow
from tillbridge.flows.reference import refreshed
from tillbridge.flows.step_forms import STEP_KINDS
from tillbridge.mapping.form import Form
from tillbridge.mapping.lookup import read_lookup

PAGE = Path(__file__).parents[2] / "docs/reference/flows.md"
BEFORE = """flow: f
lane: cybersource
starts_on: [payment.authorized]
steps:
  - map: sales_order
    mapping: dynamics-sales-order
"""
CARRIER = """flow: f
lane: cybersource
{trigger}steps:
  - stop: read
"""


def library() -> Library:
    """The library of a template, with a lookup that an example uses."""
    found = load(BY_NAME["order-to-cash-dynamics"]).library
    holidays = TextFile("lookups/bank-holidays.csv", "key,value\n2026-12-25,Christmas\n")
    return Library(
        found.connections,
        found.mappings,
        {
            **found.lookups,
            "bank-holidays": read_lookup(holidays.text, holidays.path, holidays.stem),
        },
        {**found.files, ("lookup", "bank-holidays"): holidays},
    )


def read(text: str) -> Flow:
    return read_flow(TextFile("flows/f.yaml", text), library())


def test_the_page_says_what_the_forms_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert refreshed(page) == page, "python -m tillbridge.flows.reference docs/reference/flows.md"


@pytest.mark.parametrize("form", STEP_KINDS, ids=[form.name for form in STEP_KINDS])
def test_the_example_of_a_step_is_read(form: Form) -> None:
    example = "".join(f"  {line}\n" for line in form.example.splitlines())
    before = BEFORE if form.name != "map" else BEFORE.partition("  - map")[0]
    assert read(before + example).steps


@pytest.mark.parametrize(
    "form", [SCHEDULE, FILE, CHANGES, WINDOW], ids=["schedule", "file", "changes", "window"]
)
def test_the_example_of_a_trigger_is_read(form: Form) -> None:
    assert read(CARRIER.format(trigger=form.example)).trigger


def test_the_page_explains_every_flaw_that_is_planted() -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8").partition("## Ch")[2]))
    planted = {defect["reason"] for defect in DEFECTS} - {"bad_flow"}
    assert planted <= explained


def test_every_yaml_text_of_the_page_is_yaml() -> None:
    texts = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(texts) > len(STEP_KINDS)
    assert all(yaml.safe_load(text) for text in texts)
