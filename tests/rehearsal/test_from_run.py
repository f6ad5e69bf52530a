"""A recorded run becomes a test with one command: it passes, and names nobody."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.rehearsal.books import make_books, play_tests

from tillbridge.assembly import Site
from tillbridge.canonical.errors import Rejected
from tillbridge.flows.bundle import TextFile
from tillbridge.outside.texts import Texts, read_texts
from tillbridge.rehearsal.from_run import Asked, retell_run
from tillbridge.rehearsal.play import play
from tillbridge.rehearsal.read import StoryReader
from tillbridge.rehearsal.town import Town
from tillbridge.rehearsal.watching import Watch

STORY = """\
orders:
  "7001":
    total: 19.80 USD
    customer:
      {{ id: C-77, name: Ada Lovelace, email: ada@lovelace.example, phone: "+44 20 7946 0000" }}
    billing: &home
      first_name: Ada
      last_name: Lovelace
      line1: 12 St James's Square
      city: London
      postal_code: SW1Y 4LB
      country: GB
      email: ada@lovelace.example
    shipping: *home
    custom: {{ note: Please ring for Ada }}
    lines: [{{ product: {product}, description: A mug, quantity: 2, unit_price: 9.90 USD }}]
tests:
  - test: recorded
    steps: [{steps}]
"""
PERSONAL = ("Ada", "Lovelace", "lovelace.example", "7946", "James", "London", "SW1Y", "C-77")


@pytest.fixture
def books(tmp_path: Path) -> Path:
    folder = make_books(tmp_path / "books")
    for path in (folder / "tests").iterdir():
        path.unlink()
    return folder


@pytest.fixture
async def texts(books: Path) -> Texts:
    return await read_texts(Site(books))


@pytest.fixture
async def town(books: Path, texts: Texts) -> AsyncIterator[Town]:
    async with Town(books, texts.configured) as town:
        yield town


async def record_and_retell(books: Path, texts: Texts, town: Town, text: str, flow: str) -> Path:
    """Plays a story as if it were production, and makes a test of the run of a flow."""
    reader = StoryReader(texts.folder, texts.configured)
    [story] = reader.read(TextFile("story", text)).stories
    async with town.scene(texts.teaching, Watch()) as scene:
        await play(story, scene)
        database = scene.house.database
        run = await database.fetch_value("SELECT max(id) FROM runs WHERE flow = $1", flow)
        made = await retell_run(Asked(Site(books), run, "retold"), database)
    assert made.unlike == ()
    return made.path


@pytest.mark.complaint("I20")
async def test_a_run_that_went_well(books: Path, texts: Texts, town: Town) -> None:
    steps = '{checkout: "7001"}, {shipment: {order_number: "7001", id: F-1}}'
    text = STORY.format(product="MUG-BLUE", steps=steps)
    path = await record_and_retell(books, texts, town, text, "capture-when-shipped")
    made = path.read_text()
    assert not [word for word in PERSONAL if word in made]
    assert "<cybersource.payment>" in made
    assert "country: GB" in made
    assert play_tests(books)[0] == 0


@pytest.mark.complaint("I20")
async def test_a_dead_letter_is_reproduced(books: Path, texts: Texts, town: Town) -> None:
    text = STORY.format(product="UNHEARD-OF", steps='{checkout: "7001"}')
    path = await record_and_retell(books, texts, town, text, "order-to-dynamics")
    assert "ends: dead_letter, because: lookup_missing" in path.read_text()
    assert play_tests(books)[0] == 0


async def test_a_refusal_of_the_other_system_is_reproduced(
    books: Path, texts: Texts, town: Town
) -> None:
    world = "    world: {dynamics: [{on: sales_order, fault: refuse, status: 400, times: 1}]}\n"
    text = STORY.format(product="MUG-BLUE", steps='{checkout: "7001"}') + world
    path = await record_and_retell(books, texts, town, text, "order-to-dynamics")
    assert "fault: refuse" in path.read_text()
    assert play_tests(books)[0] == 0


async def test_a_run_nobody_knows_and_a_name_that_is_taken(
    books: Path, texts: Texts, town: Town
) -> None:
    async with town.scene(texts.teaching, Watch()) as scene:
        with pytest.raises(Rejected, match="no run 99"):
            await retell_run(Asked(Site(books), 99), scene.house.database)
