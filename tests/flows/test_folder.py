from pathlib import Path

import pytest
from tests.flows.texts import CONNECTIONS, HEAD, LOOKUP, MAPPING, SOUND_STEPS, UNUSED

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.flows.bundle import Bundle, TextFile
from tillbridge.flows.folder import Folder, assemble, load_folder
from tillbridge.flows.library import ConnectionShapes
from tillbridge.flows.read import read_bundle

FLOW = TextFile("flows/order.yaml", HEAD + SOUND_STEPS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for file in (FLOW, MAPPING, LOOKUP, UNUSED):
        path = tmp_path / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return tmp_path


def load(root: Path) -> Folder:
    return load_folder(root, CONNECTIONS)


def problems(root: Path) -> list[str]:
    return [str(problem) for problem in load(root).problems]


def test_a_folder_is_loaded_whole(root: Path) -> None:
    found = load(root)
    assert found.problems == ()
    assert list(found.flows) == ["order-to-dynamics"]
    assert list(found.library.mappings) == ["sales-order"]
    assert sorted(found.library.lookups) == ["cards", "other"]


def test_an_empty_folder_is_no_mistake(tmp_path: Path) -> None:
    assert load(tmp_path).problems == ()


def test_a_version_names_exactly_the_texts_a_flow_uses(root: Path) -> None:
    bundle = load(root).flows["order-to-dynamics"].bundle
    assert [file.path for file in bundle.mappings] == ["mappings/sales-order.yaml"]
    assert [file.path for file in bundle.lookups] == ["lookups/cards.csv"]
    before = bundle.version
    (root / UNUSED.path).write_text("key,value\na,c\n")
    assert load(root).flows["order-to-dynamics"].version == before
    (root / LOOKUP.path).write_text("key,value\nvisa,2\n")
    assert load(root).flows["order-to-dynamics"].version != before


def test_line_endings_do_not_make_another_version(root: Path) -> None:
    before = load(root).flows["order-to-dynamics"].version
    (root / FLOW.path).write_bytes(FLOW.text.replace("\n", "\r\n").encode())
    assert load(root).flows["order-to-dynamics"].version == before


def test_a_version_is_read_again_from_its_own_text(root: Path) -> None:
    flow = load(root).flows["order-to-dynamics"]
    again = read_bundle(Bundle.from_text(flow.bundle.text), CONNECTIONS)
    assert again.version == flow.version
    assert again.bundle == flow.bundle
    assert len(flow.version) == 64


def test_a_bundle_of_another_format_is_refused(root: Path) -> None:
    text = load(root).flows["order-to-dynamics"].bundle.text
    with pytest.raises(Misconfigured, match="published in format 2"):
        Bundle.from_text(text.replace('"format":1', '"format":2'))


def test_a_version_is_checked_against_the_connections_of_now(root: Path) -> None:
    bundle = load(root).flows["order-to-dynamics"].bundle
    fewer = {name: shapes for name, shapes in CONNECTIONS.items() if name != "cybersource"}
    with pytest.raises(Misconfigured, match="There is no connection 'cybersource'"):
        read_bundle(bundle, fewer)
    broken = Bundle(bundle.flow, bundle.mappings, (TextFile("lookups/cards.csv", "x\n"),))
    with pytest.raises(Misconfigured, match="it has to be key"):
        read_bundle(broken, CONNECTIONS)


def test_every_file_that_is_wrong_is_named(root: Path) -> None:
    (root / "flows" / "bad.yaml").write_text("flow: bad\n")
    (root / "mappings" / "bad.yaml").write_text("mapping: bad\ntarget: x/y\nfields: {a: b c}\n")
    (root / "mappings" / "latin.yaml").write_bytes(b"mapping: caf\xe9\n")
    (root / "lookups" / "bad.csv").write_text("a,b\n")
    found = problems(root)
    assert [problem.split(":")[0] for problem in found] == [
        "mappings/latin.yaml",
        "mappings/bad.yaml",
        "lookups/bad.csv",
        "flows/bad.yaml",
    ]
    assert "The file is not UTF-8 text: invalid continuation byte at byte 12." in found[0]


@pytest.mark.complaint("I11")
def test_one_name_for_two_files_is_refused(root: Path) -> None:
    (root / "flows" / "second.yaml").write_text(FLOW.text)
    (root / "mappings" / "second.yaml").write_text(MAPPING.text)
    found = "\n".join(problems(root))
    assert "Two files are the flow 'order-to-dynamics': flows/order.yaml and this one." in found
    assert "Two files are the mapping 'sales-order'" in found


def test_a_mapping_no_flow_uses_is_checked_all_the_same(root: Path) -> None:
    (root / "mappings" / "spare.yaml").write_text(
        "mapping: spare\ntarget: dynamics365/sales_order\nfields: {totl: order.total}\n"
    )
    (root / "mappings" / "lost.yaml").write_text(
        "mapping: lost\ntarget: dynamics/sales_order\nfields: {}\n"
    )
    (root / "mappings" / "odd.yaml").write_text(
        "mapping: odd\ntarget: dynamics365/sales_ordr\nfields: {}\n"
    )
    found = "\n".join(problems(root))
    assert "mappings/spare.yaml:3 fields.totl: There is no field 'totl'." in found
    assert "mappings/spare.yaml:1: The required field 'ordernumber' has no rule." in found
    assert "There is no connection of the connector 'dynamics'. Did you mean 'dynamics365'" in found
    assert "There is no document of dynamics365 'sales_ordr'. Did you mean 'sales_order'" in found


def test_a_folder_runs_the_examples_of_its_mappings(root: Path) -> None:
    [result] = load(root).run_examples()
    assert not result.passed
    assert result.differences[0].startswith("mappings/sales-order.yaml:9 examples[0].given.order:")


def test_a_map_is_checked_against_the_connection_it_is_written_to() -> None:
    strict = DocumentShape("sales_order", "Order", (Field("vatnumber", "text", required=True),))
    connections = {
        **CONNECTIONS,
        "branch": ConnectionShapes("dynamics365", {"sales_order": strict}),
    }
    to_branch = TextFile(
        FLOW.path,
        HEAD + "steps:\n  - map: made\n    mapping: sales-order\n"
        "  - {write: w, to: branch, document: sales_order, fields: made}\n",
    )
    found = assemble([to_branch], [MAPPING], [LOOKUP], connections)
    assert "There is no field 'ordernumber'" in str(found.problems[0])
    to_both = TextFile(
        FLOW.path,
        HEAD + "steps:\n  - map: made\n    mapping: sales-order\n"
        "  - {write: v, to: dynamics, document: sales_order, fields: made}\n"
        "  - {write: w, to: branch, document: sales_order, fields: made}\n",
    )
    found = assemble([to_both], [MAPPING], [LOOKUP], connections)
    assert "made is filled for another connection, whose sales_order differs." in str(
        found.problems[0]
    )


def test_a_mapping_may_fill_what_a_read_takes() -> None:
    ask = TextFile(
        "mappings/ask.yaml",
        "mapping: ask\ntarget: cybersource/payment_status\nfields: {order: order.number}\n",
    )
    flow = TextFile(
        FLOW.path,
        HEAD + "steps:\n  - {map: asked, mapping: ask}\n"
        "  - {read: r, from: cybersource, ask: payment_status, fields: asked}\n",
    )
    assert assemble([flow], [ask], [], CONNECTIONS).problems == ()


def test_a_mapping_that_no_flow_uses_is_told_why_a_steps_name_is_not_there(root: Path) -> None:
    (root / "mappings/late.yaml").write_text(
        "mapping: late\ntarget: dynamics365/sales_order\nfields:\n  ordernumber: paid.kind\n"
    )
    [told] = problems(root)
    assert "There is no name 'paid'." in told
    assert "No flow uses late, so it reads only what every event has." in told
