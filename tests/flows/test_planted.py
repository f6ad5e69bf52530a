"""Defects planted into the shipped templates are named; the templates themselves are clean."""

import shutil
from pathlib import Path

import pytest
import yaml
from tests.flows.test_templates import TEMPLATES, load

from tillbridge.mapping.flaw import Flaw

DEFECTS = yaml.safe_load((Path(__file__).parent / "planted/defects.yaml").read_text())
BY_NAME = {template.name: template for template in TEMPLATES}


def plant(defect: dict[str, str], root: Path) -> Path:
    """A template with one defect; answers the file that has it."""
    folder = root / "site"
    shutil.copytree(BY_NAME[defect["template"]], folder)
    text = (folder / defect["file"]).read_text(encoding="utf-8")
    found, put = defect["find"].rstrip("\n"), defect["put"].rstrip("\n")
    assert text.count(found) == 1, "the place to plant it stands there once"
    text = text.replace(found, put)
    if "cut_after" in defect:
        text = text.partition(defect["cut_after"])[0]
    planted = folder / defect.get("copy_to", defect["file"])
    planted.write_text(text, encoding="utf-8")
    return folder


def lines_of(folder: Path, defect: dict[str, str]) -> tuple[str, list[int]]:
    """The file and the lines on which the defect may be named."""
    name = defect.get("named_in", defect.get("copy_to", defect["file"]))
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    wanted = defect["line"]
    return name, [number for number, line in enumerate(lines, 1) if wanted in line]


def is_named(flaw: Flaw, defect: dict[str, str], file: str, lines: list[int]) -> bool:
    return (
        (flaw.severity, flaw.reason, flaw.place.file) == ("error", defect["reason"], file)
        and flaw.place.line in lines
        and defect["told"] in flaw.message
        and defect["then"] in flaw.next_step
    )


@pytest.mark.parametrize("defect", DEFECTS, ids=[each["defect"] for each in DEFECTS])
def test_a_planted_defect_is_named(defect: dict[str, str], tmp_path: Path) -> None:
    folder = plant(defect, tmp_path)
    file, lines = lines_of(folder, defect)
    flaws = load(folder).flaws
    assert any(is_named(flaw, defect, file, lines) for flaw in flaws), "\n".join(map(str, flaws))


@pytest.mark.parametrize("template", TEMPLATES, ids=[path.name for path in TEMPLATES])
def test_no_defect_is_named_where_none_is(template: Path) -> None:
    assert [str(flaw) for flaw in load(template).flaws] == []


def test_at_least_ten_different_defects_are_planted() -> None:
    assert len({each["reason"] for each in DEFECTS}) >= 8
    assert len(DEFECTS) >= 10


TAKER = """flow: take-money
lane: cybersource
takes: {number: text, hold: text, amount: money, key: text}
subject: trigger.fields.number
steps:
  - write: taken
    to: cybersource
    document: capture
    ordinal: ORDINAL
    fields:
      order_number: trigger.fields.number
      authorization_id: trigger.fields.hold
      amount: trigger.fields.amount
"""
CALLER = """flow: caller
lane: cybersource
starts_on: [payment.authorized]
steps:
  - {call: one, flow: take-money, with: WITH}
  - {call: two, flow: take-money, ordinal: "2", SUBJECTwith: WITH}
"""
WITH = (
    "{number: order.number, hold: payment.authorization_id, amount: payment.authorized,"
    " key: payment.attempt_key}"
)


@pytest.mark.parametrize(
    ("ordinal", "subject", "named"),
    [
        ("trigger.fields.key", "", True),
        ("\"'once'\"", "", False),
        ("trigger.fields.key", "subject: order.custom.other, ", False),
    ],
)
def test_money_moved_by_two_calls_of_one_run_is_named(
    tmp_path: Path, ordinal: str, subject: str, named: bool
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(BY_NAME["order-to-cash-dynamics"], folder)
    (folder / "flows/capture-when-shipped.yaml").unlink()
    (folder / "flows/take-money.yaml").write_text(TAKER.replace("ORDINAL", ordinal))
    called = CALLER.replace("WITH", WITH).replace("SUBJECT", subject)
    (folder / "flows/caller.yaml").write_text(called)

    told = [flaw.message for flaw in load(folder).flaws if flaw.reason == "double_charge"]
    assert any("One run can take one and two" in message for message in told) == named, told


SMALL_OR_LARGE = """flow: small-or-large
lane: cybersource
starts_on: [payment.authorized]
steps:
  - branch: small
    cases:
      - when: payment.authorized.amount < 50
        steps:
          - write: one
            to: cybersource
            document: capture
            ordinal: payment.attempt_key
            fields: FIELDS
END
  - write: other
    to: cybersource
    document: capture
    ordinal: concat(payment.attempt_key, ' large')
    fields: FIELDS
"""
FIELDS = (
    "{order_number: order.number, authorization_id: payment.authorization_id,"
    " amount: payment.authorized}"
)


@pytest.mark.parametrize(("end", "named"), [("          - stop: small", False), ("", True)])
def test_what_stands_behind_a_stop_is_another_way(tmp_path: Path, end: str, named: bool) -> None:
    folder = tmp_path / "site"
    shutil.copytree(BY_NAME["order-to-cash-dynamics"], folder)
    (folder / "flows/capture-when-shipped.yaml").unlink()
    text = SMALL_OR_LARGE.replace("FIELDS", FIELDS).replace("END", end)
    (folder / "flows/small-or-large.yaml").write_text(text)

    told = [flaw.reason for flaw in load(folder).flaws]
    assert ("double_charge" in told) == named, told
