"""The table of error policies: standard, changed per connection, and what no setting may change."""

import pytest

from tillbridge.canonical.error_classes import ErrorClass, class_of
from tillbridge.canonical.errors import (
    Misconfigured,
    Rejected,
    TillbridgeError,
    Transient,
    Unreconciled,
)
from tillbridge.connections.error_policies import STANDARD, read_error_policies

HEAD = """\
connections:
  dynamics:
    connector: dynamics365
    settings: {}
  sage:
    connector: sagepro
    settings: {}
    errors:
"""


def said(*lines: str) -> str:
    return HEAD + "".join(f"      {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Transient("x", reason="sql_1205"), "transient"),
        (Transient("x", reason="rate_limited", gate=True, wait_s=3.0), "rate_limit"),
        (Transient("x", reason="over_limits"), "rate_limit"),
        (Transient("x", gate=True, reason="not_sent"), "connection"),
        (Transient("x", gate=True, sent="perhaps", reason="rate_limited"), "unknown_outcome"),
        (Transient("x", sent="perhaps"), "unknown_outcome"),
        (Misconfigured("x", reason="credentials"), "authentication"),
        (Misconfigured("x", reason="privilege"), "configuration"),
        (Unreconciled("x", reason="amounts_differ"), "unreconciled"),
        (Rejected("x", reason="duplicate"), "duplicate"),
        (Rejected("x", reason="duplicate_number"), "duplicate"),
        (Rejected("x", reason="missing_value"), "invalid_data"),
        (Rejected("x", reason="text_too_long"), "invalid_data"),
        (Rejected("x", reason="unknown_product"), "invalid_data"),
        (Rejected("x", reason="over_capture"), "rejected_by_rule"),
        (Rejected("x", reason="stopped"), "rejected_by_rule"),
        (Rejected("x", reason="not_found"), "rejected_by_rule"),
        (Rejected("x", reason="0x80040203"), "rejected_by_rule"),
        (Rejected("x"), "rejected_by_rule"),
    ],
)
def test_every_error_has_one_class(error: TillbridgeError, expected: str) -> None:
    assert class_of(error) == expected


@pytest.mark.complaint("I37")
def test_every_class_has_a_row_that_says_who_does_what() -> None:
    assert list(STANDARD) == list(ErrorClass)
    for policy in STANDARD.values():
        assert policy.means.endswith(".")
        assert policy.next_step.endswith(".")
        assert policy.tell


def test_what_passes_is_tried_again_and_the_rest_goes_to_a_person() -> None:
    retried = {name for name, policy in STANDARD.items() if policy.is_retried}
    assert retried == {"transient", "rate_limit", "connection", "authentication"}


def test_waits_double_up_to_the_longest() -> None:
    policy = STANDARD[ErrorClass.TRANSIENT]
    waits = [policy.backoff_s(tries) for tries in range(12)]
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits == sorted(waits)
    assert waits[-1] == policy.longest_wait_s == policy.backoff_s(10**6)


@pytest.mark.complaint("I48b")
def test_a_connection_says_otherwise_and_the_others_stay_as_they_are() -> None:
    policies = read_error_policies(
        said(
            "transient: {tries: 20, wait: 2s, longest_wait: 10m}",
            "connection: {give_up_after: 3d}",
            "rejected_by_rule: {tries: 3, tell: accountant, next_step: Open the period.}",
        )
    )
    transient = policies.of("sage", ErrorClass.TRANSIENT)
    assert (transient.tries, transient.wait_s, transient.longest_wait_s) == (20, 2.0, 600.0)
    assert policies.of("sage", ErrorClass.CONNECTION).give_up_after_s == 3 * 86_400
    rule = policies.of("sage", ErrorClass.REJECTED_BY_RULE)
    assert (rule.tell, rule.next_step, rule.is_retried) == ("accountant", "Open the period.", True)
    assert policies.table("dynamics") == tuple(STANDARD.values())
    assert policies.of("", ErrorClass.TRANSIENT) == STANDARD[ErrorClass.TRANSIENT]


def test_every_wait_is_divided_by_the_factor() -> None:
    policies = read_error_policies(said("connection: {give_up_after: 100s}")).divided(100.0)
    assert policies.of("sage", ErrorClass.CONNECTION).give_up_after_s == 1.0
    assert policies.of("dynamics", ErrorClass.TRANSIENT).wait_s == 0.01


@pytest.mark.parametrize("key", ["tries: 2", "wait: 5s", "longest_wait: 5m", "give_up_after: 1d"])
@pytest.mark.parametrize("name", ["unknown_outcome", "duplicate", "unreconciled", "bug"])
@pytest.mark.complaint("I48b")
def test_no_setting_sends_again_what_may_be_there(name: str, key: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_error_policies(said(f"{name}:", f"  {key}"))

    place = refused.value.place
    assert place is not None
    field = key.partition(":")[0]
    assert (place.file, place.line) == ("tillbridge.yaml", 10)
    assert place.field == f"errors.{name}.{field}"
    assert "tillbridge errors" in refused.value.next_step


def test_an_unknown_outcome_may_be_told_to_somebody_else() -> None:
    policies = read_error_policies(said("unknown_outcome: {tell: accountant}"))
    assert policies.of("sage", ErrorClass.UNKNOWN_OUTCOME).tell == "accountant"


@pytest.mark.parametrize(
    ("lines", "message", "line"),
    [
        (["transient: {tries: 0}"], "whole number", 9),
        (["transient: {tries: 1001}"], "whole number", 9),
        (["transient: {wait: 5}"], "duration", 9),
        (["transient: {wait: 10m}"], "longer than longest_wait", 9),
        (["transient: {wait: 10s, give_up_after: 5s}"], "shorter than the first wait", 9),
        (["connection: {tries: 5}"], "uses no tries", 9),
        (["authentication:", "  wait: 5s"], "uses no tries", 10),
        (["transient: {tell: nobody}"], "nobody", 9),
        (["transient: {trys: 3}"], "trys", 9),
        (["timeout: {tries: 3}"], "timeout", 9),
    ],
)
def test_what_is_wrong_is_said_with_its_line(lines: list[str], message: str, line: int) -> None:
    with pytest.raises(Misconfigured, match=message) as refused:
        read_error_policies(said(*lines))

    assert refused.value.place is not None
    assert (refused.value.place.file, refused.value.place.line) == ("tillbridge.yaml", line)
    assert refused.value.next_step
