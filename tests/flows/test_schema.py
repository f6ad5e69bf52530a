"""The JSON Schemas say what the readers read: both are drawn from the same forms."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.flows.test_planted import BY_NAME
from tests.flows.texts import HEAD, SOUND_STEPS, STEPS, library

from tillbridge.canonical.errors import Misconfigured
from tillbridge.cli.schema import LANGUAGES
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.read import read_flow
from tillbridge.flows.step_forms import STEP_KINDS
from tillbridge.mapping.form import Form, Value
from tillbridge.mapping.json_schema import schema_of
from tillbridge.mapping.read import read_mapping

VALIDATORS = {
    name: Draft202012Validator(schema_of(language)) for name, language in LANGUAGES.items()
}
FILES = [
    (kind, path)
    for folder in BY_NAME.values()
    for kind, paths in (
        ("flow", sorted(folder.glob("flows/*.yaml"))),
        ("mapping", sorted(folder.glob("mappings/*.yaml"))),
        ("tillbridge", [folder / "tillbridge.yaml"]),
    )
    for path in paths
]


def fits(kind: str, text: str) -> bool:
    """Whether an editor would accept a text, read as YAML is read by editors."""
    return bool(VALIDATORS[kind].is_valid(yaml.safe_load(text)))


@pytest.mark.parametrize("kind", list(LANGUAGES))
def test_a_schema_is_a_schema(kind: str) -> None:
    Draft202012Validator.check_schema(VALIDATORS[kind].schema)


@pytest.mark.parametrize(("kind", "path"), FILES, ids=[f"{p.parts[-3]}/{p.name}" for _, p in FILES])
def test_every_file_of_a_template_fits_its_schema(kind: str, path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in VALIDATORS[kind].iter_errors(document)] == []


@pytest.mark.parametrize("form", STEP_KINDS, ids=[form.name for form in STEP_KINDS])
def test_the_example_of_a_step_fits_the_schema(form: Form) -> None:
    steps = yaml.safe_load(form.example)
    flow = {"flow": "f", "lane": "l", "starts_on": ["order.cancelled"], "steps": steps}
    assert [error.message for error in VALIDATORS["flow"].iter_errors(flow)] == []


REFUSED = [
    ("title: A paid order", "titel: A paid order"),
    ("flow: order-to-dynamics", "flow: Order To Dynamics"),
    ("lane: dynamics\n", ""),
    ("[payment.authorized, payment.in_review]", "[]"),
    ("[payment.authorized,", "[payment.autorized,"),
    ("starts_on: [payment.authorized, payment.in_review]\n", ""),
    ("condition:", "takes: {number: text}\ncondition:"),
    ("condition:", "takes: {number: texts}\ncondition:"),
    ("condition:", "concurrency: 0\ncondition:"),
    ("condition:", "concurrency: many\ncondition:"),
    ("condition:", "paused: perhaps\ncondition:"),
    ("map: made", "map: Made"),
    ("mapping: sales-order", "mapping: [sales-order]"),
    ("announce: true", "announce: maybe"),
    ("- read: status", "- raed: status"),
    ("    ask: payment_status\n", ""),
    ("timeout: 30d", "timeout: 30"),
    ("timeout: 30d", "timeout: 30d\n            until: event.occurred_at"),
    ("            timeout: 30d\n", ""),
    ("on_timeout: continue", "on_timeout: stop"),
    ("[payment.review_accepted,", "[payment.review_acepted,"),
    ("- else: true", "- else: maybe"),
    ("- when: event.kind", "- if: event.kind"),
    ("outcome: cancelled", "outcome: lost"),
    ("          - stop: nothing to decide\n            outcome: cancelled\n", "          []\n"),
    ("ask: payment_status", "ask: payment_status\n    on_error: {retries: 99}"),
    ("ask: payment_status", "ask: payment_status\n    on_error: {then: give_up}"),
    ("ask: payment_status", "ask: payment_status\n    on_error: {try: 3}"),
]


@pytest.mark.parametrize(
    ("old", "new"), REFUSED, ids=[new[:40] or old[:40] for old, new in REFUSED]
)
def test_what_the_reader_refuses_by_its_form_the_schema_refuses(old: str, new: str) -> None:
    text = HEAD + STEPS
    assert fits("flow", text)
    assert old in text
    text = text.replace(old, new, 1)
    assert not fits("flow", text)
    with pytest.raises(Misconfigured):
        read_flow(TextFile("flows/f.yaml", text), library())


def test_what_fits_is_read() -> None:
    text = HEAD + SOUND_STEPS
    assert fits("flow", text)
    assert read_flow(TextFile("flows/f.yaml", text), library()).name == "order-to-dynamics"


@pytest.mark.parametrize(
    "text",
    [
        "target: a/b\nfields: {x: order.number}\n",
        "mapping: m\ntarget: a/b\nfields: {x: {lookup: t}}\n",
        "mapping: m\ntarget: a/b\nfields: {x: {form: order.number}}\n",
        "mapping: m\ntarget: a/b\nfields: {x: {each: order.lines, fields: {}}}\n",
        "mapping: m\ntarget: a/b\nfields: {}\nexamples: [{name: x}]\n",
        "mapping: m\ntarget: a/b\nfields: {}\nexamples: [{name: x, given: {}}]\n",
    ],
)
def test_a_mapping_that_is_refused_by_its_form_is_refused_by_the_schema(text: str) -> None:
    assert not fits("mapping", text)
    with pytest.raises(Misconfigured):
        read_mapping(text, "mappings/m.yaml")


def test_every_value_a_form_names_is_defined() -> None:
    for language in LANGUAGES.values():
        for form in language.forms.values():
            for key in form.keys:
                for value in _inside(key.value):
                    known = language.families if value.sort == "family" else language.forms
                    assert value.sort not in ("group", "family") or value.form in known


def _inside(value: Value) -> list[Value]:
    inner = [*value.either, *([value.of] if value.of is not None else [])]
    return [value, *(each for part in inner for each in _inside(part))]
