from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.folder import assemble
from tillbridge.flows.library import ConnectionShapes
from tillbridge.flows.snapshot import (
    Snapshot,
    drift,
    keep_snapshot,
    merged,
    read_snapshot,
    read_snapshots,
    same,
    snapshot_text,
    with_snapshots,
)

SEEN_ON = date(2026, 11, 20)
LOYALTY = Field("new_loyalty", "text", "Loyalty number", length_max=12)
TIER = Field("new_tier", "choice", options=("Gold, with a comma", "no", "'quoted'"))
COLUMNS = (
    LOYALTY,
    TIER,
    Field("new_guess", "decimal", digits_max=2, inexact=True),
    Field("new_party", "date", required=True),
)
DECLARED = DocumentShape(
    "order",
    "Order",
    (
        Field("number", "text", "Number", required=True, length_max=100),
        Field("lines", "list", of=(Field("pieces", "decimal", unit="quantity"),)),
        Field("custom", "group", custom=True),
    ),
)
SEEN = replace(
    DECLARED,
    fields=(
        replace(DECLARED.fields[0], length_max=40),
        Field("lines", "list", of=(Field("pieces", "decimal", unit="quantity", digits_max=3),)),
        Field("custom", "group", custom=True, of=COLUMNS),
    ),
)
SHAPES = {"erp": ConnectionShapes("books", {"order": DECLARED})}


def snapshot(shape: DocumentShape = SEEN, seen_on: date = SEEN_ON) -> Snapshot:
    return Snapshot("erp", "books", seen_on, {"order": shape})


def with_columns(*columns: Field) -> DocumentShape:
    number, lines, custom = SEEN.fields
    return replace(SEEN, fields=(number, lines, replace(custom, of=columns)))


def problems(rule: str, kept: Snapshot) -> list[str]:
    text = f"mapping: m\ntarget: books/order\nfields:\n  number: order.number\n  {rule}\n"
    shapes = with_snapshots(SHAPES, {"erp": kept})
    folder = assemble([], [TextFile("mappings/m.yaml", text)], [], shapes)
    return [str(flaw) for flaw in folder.flaws if flaw.severity == "error"]


def test_what_is_written_is_read_back() -> None:
    assert read_snapshot(snapshot_text(snapshot()), "schemas/erp.yaml") == snapshot()


def test_the_same_snapshot_has_the_same_text(tmp_path: Path) -> None:
    path = keep_snapshot(tmp_path, snapshot())
    assert path.read_text() == snapshot_text(read_snapshots(tmp_path)["erp"])


def test_a_declared_document_takes_what_was_seen() -> None:
    number, lines, custom = (
        with_snapshots(SHAPES, {"erp": snapshot()})["erp"].writes["order"].fields
    )
    assert number.length_max == 40
    assert (lines.of[0].digits_max, lines.of[0].unit) == (3, "quantity")
    assert custom.of == COLUMNS


def test_a_field_newer_than_the_snapshot_stays_as_declared() -> None:
    newer = replace(DECLARED, fields=(*DECLARED.fields, Field("note", "text", length_max=9)))
    shapes = with_snapshots(
        {"erp": ConnectionShapes("books", {"order": newer})}, {"erp": snapshot()}
    )
    assert shapes["erp"].writes["order"].fields[-1] == Field("note", "text", length_max=9)


def test_columns_are_checked_by_their_types() -> None:
    kept = snapshot(with_columns(LOYALTY, TIER))
    assert problems("custom: {fields: {new_loyalty: order.custom.loyalty}}", kept) == []
    [unknown] = problems("custom: {fields: {new_loyality: order.custom.loyalty}}", kept)
    assert "There is no field 'new_loyality'. Did you mean 'new_loyalty'?" in unknown
    [wrong] = problems("custom: {fields: {new_loyalty: 'order.lines[0].quantity'}}", kept)
    assert "new_loyalty takes text, not decimal. Write it out: text(...)." in wrong
    [option] = problems("custom: {fields: {new_tier: \"'Gold'\"}}", kept)
    assert "new_tier does not take 'Gold'. Options: Gold, with a comma, no, 'quoted'." in option


def test_an_amount_in_a_column_of_floats_is_an_error() -> None:
    [told] = problems(
        "custom: {fields: {new_guess: order.total.amount}}", snapshot(with_columns(COLUMNS[2]))
    )
    assert told.startswith("error: mappings/m.yaml:5")
    assert "binary floating point" in told


def test_a_column_that_is_gone_is_named_with_the_day_it_was_last_seen() -> None:
    now = snapshot(with_columns(TIER), date(2026, 11, 27))
    assert drift(snapshot(with_columns(LOYALTY, TIER)), now) == [
        "order: column custom.new_loyalty was there on 2026-11-20, is gone now."
    ]
    kept = merged(snapshot(with_columns(LOYALTY, TIER)), now)
    assert read_snapshot(snapshot_text(kept), "f") == kept
    [told] = problems("custom: {fields: {new_loyalty: order.custom.loyalty}}", kept)
    assert told.startswith("error: mappings/m.yaml:5")
    assert "The column new_loyalty was there on 2026-11-20, and is gone now." in told


def test_a_column_that_came_back_is_there() -> None:
    gone = merged(snapshot(with_columns(LOYALTY)), snapshot(with_columns()))
    back = snapshot(with_columns(LOYALTY), date(2026, 12, 1))
    assert drift(gone, back) == ["order: column custom.new_loyalty is new: text of 12 characters."]
    assert merged(gone, back) == back


def test_what_changed_is_told_with_what_it_was() -> None:
    wider = snapshot(with_columns(replace(LOYALTY, length_max=20, required=True)))
    assert drift(snapshot(with_columns(LOYALTY)), wider) == [
        "order: column custom.new_loyalty is text of 20 characters, required now; it was text of"
        " 12 characters on 2026-11-20."
    ]


def test_another_day_alone_is_no_change() -> None:
    later = snapshot(seen_on=date(2026, 12, 24))
    assert same(snapshot(), later)
    assert not same(snapshot(), snapshot(with_columns(LOYALTY)))


def test_a_snapshot_of_a_connection_that_is_not_there_is_named() -> None:
    with pytest.raises(Misconfigured, match="There is no connection 'elsewhere'") as error:
        with_snapshots(SHAPES, {"elsewhere": snapshot()})
    assert error.value.place is not None
    assert error.value.place.file == "schemas/elsewhere.yaml"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("length_max: 40", "length_max: forty"), "schemas/erp.yaml:10"),
        (("seen_on: 2026-11-20", "seen_on: yesterday"), "schemas/erp.yaml:5"),
        (("type: text", "type: txt"), "Did you mean 'text'?"),
    ],
)
def test_a_snapshot_that_cannot_be_read_is_named_with_its_line(
    change: tuple[str, str], told: str
) -> None:
    text = snapshot_text(snapshot()).replace(*change, 1)
    with pytest.raises(Misconfigured) as error:
        read_snapshot(text, "schemas/erp.yaml")
    assert told in str(error.value)
