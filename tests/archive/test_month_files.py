"""A month's files: found by key without unpacking all of them, and never wrong in silence."""

import hashlib
import zlib
from datetime import date
from pathlib import Path

import pytest

from tillbridge.archive import blocks, key_index
from tillbridge.archive.blocks import BlockWriter, read_block, read_lines
from tillbridge.archive.key_index import IndexWriter, blocks_with
from tillbridge.archive.manifest import INDEX, LINES, Manifest, check_files, read_manifest
from tillbridge.archive.month_files import MonthWriter, lines_of_parts, parts_in, subjects_with
from tillbridge.archive.months import months
from tillbridge.archive.parts import pages_of
from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import Unreconciled
from tillbridge.database.database import Database

MONTH = date(2026, 1, 1)


def line(subject: str, kind: str, part_id: str, **content: object) -> bytes:
    """A line as PostgreSQL writes it."""
    values = {
        "at": "2026-01-02T10:00:00.000000Z",
        "id": part_id,
        "kind": kind,
        "content": content,
        "subject": subject,
    }
    return encode(values).replace(b'":', b'": ').replace(b',"', b', "')


def write(folder: Path, subjects: int = 50, runs: int = 3) -> Manifest:
    folder.mkdir()
    with MonthWriter(folder) as writer:
        for number in range(subjects):
            subject = f"order-{number:05}"
            writer.begin(subject, [f"SO-{number}", "customer-9"])
            for own in range(runs):
                run_id = f"{number * 100 + own}"
                writer.add("run", run_id, line(subject, "run", run_id, text="x" * 3000))
        return writer.finish(MONTH, "2026-02-03T00:00:00+00:00", "a test")


def test_a_subject_its_names_and_its_runs_lead_to_it(tmp_path: Path) -> None:
    write(tmp_path / "m")
    folder = tmp_path / "m"
    for key in ("order-00007", "SO-7", "run:701"):
        assert subjects_with(folder, key) == ["order-00007"]
    assert len(subjects_with(folder, "customer-9")) == 50
    assert subjects_with(folder, "nobody") == []
    assert [part.id for part in parts_in(folder, "order-00007")] == ["700", "701", "702"]


def test_a_look_up_unpacks_one_block(tmp_path: Path) -> None:
    write(tmp_path / "m", subjects=300)
    folder = tmp_path / "m"
    (block,) = blocks_with(folder / INDEX, "SO-150")
    assert len(read_block(folder / LINES, block)) < 100
    assert sum(1 for _ in lines_of_parts(folder)) == 900


def test_a_subject_that_is_longer_than_a_block_is_found_in_all_of_them(tmp_path: Path) -> None:
    write(tmp_path / "m", subjects=2, runs=100)
    folder = tmp_path / "m"
    assert len(set(blocks_with(folder / INDEX, "SO-1"))) > 2
    assert len(list(parts_in(folder, "order-00001"))) == 100
    assert subjects_with(folder, "run:199") == ["order-00001"]


def test_the_index_is_sorted_whatever_does_not_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_index, "SORTED_AT_ONCE", 100)
    writer = IndexWriter()
    for number in range(1050):
        writer.add(f"key {number}", number)
        writer.add(f"key {number}", number)
    assert writer.write(tmp_path / "index") == 1050
    assert all(
        blocks_with(tmp_path / "index", f"key {number}") == [number] for number in range(1050)
    )
    assert blocks_with(tmp_path / "index", "another") == []


def test_an_empty_index_has_no_keys(tmp_path: Path) -> None:
    assert IndexWriter().write(tmp_path / "index") == 0
    assert blocks_with(tmp_path / "index", "any") == []


def test_the_lines_are_one_gzip_file_for_everybody(tmp_path: Path) -> None:
    with BlockWriter(tmp_path / "lines") as writer:
        for number in range(100):
            writer.add(f'{{"line": {number}}}'.encode())
            if number % 10 == 9:
                writer.end_block()
        writer.finish()
    assert len(list(read_lines(tmp_path / "lines"))) == 100


def test_a_block_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    with BlockWriter(tmp_path / "lines") as writer:
        writer.add(hashlib.sha256(b"1").hexdigest().encode())
        writer.finish()
    whole = (tmp_path / "lines").read_bytes()
    (tmp_path / "lines").write_bytes(whole[:-9])
    with pytest.raises(zlib.error):
        blocks.read_block(tmp_path / "lines", 0)


@pytest.mark.parametrize("name", [LINES, INDEX, "manifest.json"])
def test_a_changed_byte_in_any_file_is_found(tmp_path: Path, name: str) -> None:
    write(tmp_path / "m")
    _, sha256 = read_manifest(tmp_path / "m")
    check_files(tmp_path / "m", sha256)
    file = tmp_path / "m" / name
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.raises(Exception, match=r"damaged|not JSON|other bytes|malformed"):
        check_files(tmp_path / "m", sha256)


def test_a_missing_file_is_told_with_its_name(tmp_path: Path) -> None:
    write(tmp_path / "m")
    (tmp_path / "m" / INDEX).unlink()
    with pytest.raises(Unreconciled, match=INDEX):
        check_files(tmp_path / "m", "")


async def test_a_page_of_large_parts_is_small(database: Database) -> None:
    """Memory is bounded whatever a sender has sent: a few megabytes, and one part at least."""
    await database.execute("SELECT open_month(now())")
    await database.execute(
        "INSERT INTO past (month, subject, kind, id, at, content)"
        " SELECT month_of(now()), 'large', 'delivery', i::text, now(),"
        " jsonb_build_object('body', repeat('x', 900000)) FROM generate_series(1, 10) AS i"
    )
    (month,) = await months(database)
    pages = [len(page) async for page in pages_of(database, month.month)]
    assert pages == [3, 3, 3, 1]
