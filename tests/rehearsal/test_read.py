"""Tests of flows are read as strictly as flows: file, line, field, and the nearest name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.rehearsal.books import make_books

from tillbridge.assembly import Site
from tillbridge.canonical.errors import Misconfigured
from tillbridge.flows.bundle import TextFile
from tillbridge.outside.texts import Texts, read_texts
from tillbridge.rehearsal.read import StoryReader
from tillbridge.rehearsal.story import Checkout, Passage, StoryFile, Telling, Weather

ORDER = """\
orders:
  "1": {total: 2.00 USD, lines: [{product: MUG-BLUE, quantity: 2, unit_price: 1.00 USD}]}
"""
PAGE = Path(__file__).parents[2] / "docs/reference/tests.md"


@pytest.fixture
async def texts(tmp_path: Path) -> Texts:
    return await read_texts(Site(make_books(tmp_path / "books")))


def read(texts: Texts, text: str) -> StoryFile:
    reader = StoryReader(texts.folder, texts.configured)
    return reader.read(TextFile("tests/story.yaml", text))


def story(steps: str, more: str = "") -> str:
    return f"{ORDER}tests:\n  - test: a story\n    steps: {steps}\n{more}"


async def test_a_story_is_read_in_its_order(texts: Texts) -> None:
    steps = '[{checkout: "1"}, {shipment: {order_number: "1"}}, {pass: 14d}]'
    world = "    world: {cybersource: [{on: capture, fault: lose_answer, times: 1}]}\n"
    [found] = read(texts, story(steps, world)).stories
    assert [type(act) for act in found.acts] == [Weather, Checkout, Telling, Passage]
    checkout = found.acts[1]
    assert isinstance(checkout, Checkout)
    assert (checkout.card, checkout.key, checkout.document["total"]) == ("authorized", "A1", "2.00")


async def test_a_second_checkout_of_an_order_has_a_key_of_its_own(texts: Texts) -> None:
    [found] = read(texts, story('[{checkout: "1"}, {checkout: "1"}]')).stories
    assert [act.key for act in found.acts if isinstance(act, Checkout)] == ["A1", "A2"]


WRONG = [
    ("[{checkout: '2'}]", "", "order in this file '2'", 5),
    ("[{checkout: '1', card: autorized}]", "", "Did you mean 'authorized'?", 5),
    ("[{checkout: '1', answr: x}]", "", "Did you mean 'answer'?", 5),
    ("[{pass: 14 days}]", "", "'14 days'", 5),
    ("[{start: order-to-dynamic}]", "", "Did you mean 'order-to-dynamics'?", 5),
    ("[{give_up: nothing}]", "", "no flow 'nothing'", 5),
    ("[{event: {kind: payment.captred, subject: x}}]", "", "Did you mean 'payment.captured'?", 5),
    ("[{event: {kind: payment.captured, subject: x, paymnt: {}}}]", "", "'payment'", 5),
    ("[]", "    world: {dynamic: []}\n", "Did you mean 'dynamics'?", 6),
    ("[]", "    world: {dynamics: [{on: sales_ordr, fault: slow}]}\n", "'sales_order'", 6),
    ("[]", "    world: {dynamics: [{on: read, fault: slower}]}\n", "Did you mean 'slow'?", 6),
    ("[]", "    settings: {cybersource: {sail: yes}}\n", "Did you mean 'sale'?", 6),
    ("[]", "    settings: {cybersorce: {sale: yes}}\n", "Did you mean 'cybersource'?", 6),
    ("[]", "    expect: {writes: [{write: dynamics/sale_order}]}\n", "'sales_order'", 6),
    ("[]", "    expect: {writes: [{write: dynamic/sales_order}]}\n", "'dynamics'", 6),
    ("[]", "    expect: {runs: [{run: x, ends: done}]}\n", "no flow 'x'", 6),
    (
        "[]",
        "    expect: {runs: [{run: cancel-order, ends: finished}]}\n",
        "no ending of a run 'finished'",
        6,
    ),
]


@pytest.mark.parametrize(("steps", "more", "said", "line"), WRONG)
async def test_what_is_wrong_is_named_with_its_line(
    texts: Texts, steps: str, more: str, said: str, line: int
) -> None:
    with pytest.raises(Misconfigured) as refused:
        read(texts, story(steps, more))
    assert said in str(refused.value)
    assert refused.value.place is not None
    assert (refused.value.place.file, refused.value.place.line) == ("tests/story.yaml", line)


def examples() -> Iterator[str]:
    yield from (part.partition("```")[0] for part in PAGE.read_text().split("```yaml\n")[1:])


async def test_the_examples_of_the_page_are_read(texts: Texts) -> None:
    found = [read(texts, example) for example in examples()]
    assert found
