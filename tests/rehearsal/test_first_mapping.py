"""The page "Your first mapping", followed to the letter: its own texts, its own commands."""

from pathlib import Path

from tests.rehearsal.books import play_tests, tillbridge

PAGE = Path(__file__).parents[2] / "docs/how_to/first_mapping.md"
MAPPING, TESTS = "mappings/dynamics-sales-order.yaml", "tests/orders.yaml"
NOTE = "description: Please ring twice\n"


def blocks(language: str) -> list[str]:
    parts = PAGE.read_text().split(f"```{language}\n")[1:]
    return [part.partition("```")[0] for part in parts]


def insert_after(path: Path, start: str, what: str, *, within: str = "") -> None:
    """Puts lines below the line in which a text stands."""
    text = path.read_text()
    at = text.index("\n", text.index(start, text.index(within))) + 1
    path.write_text(text[:at] + what + text[at:])


def test_who_follows_the_page_has_a_tested_mapping_of_their_own(tmp_path: Path) -> None:
    books = tmp_path / "my-books"
    assert tillbridge("init", str(books), "--template", "order-to-cash-dynamics").returncode == 0
    gift, status, territory, expected, example, story = blocks("yaml")
    statuses, territories = blocks("csv")
    insert_after(books / MAPPING, "  description:", gift + status + territory)
    (books / "lookups/payment-status.csv").write_text(statuses)
    (books / "lookups/territories.csv").write_text(territories)

    others = {
        path: path.read_text() for path in (books / "tests").iterdir() if path.name not in TESTS
    }
    for path in others:  # of captures and refunds: the last run plays them
        path.unlink()
    exit_status, found = play_tests(books)
    failed = [one for one in found["tests"] if not one["passed"]]
    assert exit_status == 1
    assert {one["file"] for one in failed} == {MAPPING, TESTS}
    [story_told] = [one for one in failed if one["file"] == TESTS]
    assert [(one["what"], one["found"]) for one in story_told["differences"]] == [
        ("custom.new_giftmessage", "Please ring twice"),
        ("custom.new_paymentstatus", "Paid"),
        ("custom.new_territory", "UK and Ireland"),
    ]
    assert all(one["rule"].startswith(f"{MAPPING}:") for one in story_told["differences"])

    for path, text in others.items():
        path.write_text(text)
    insert_after(books / TESTS, NOTE, expected)
    insert_after(books / MAPPING, NOTE, example, within="examples:")
    with (books / TESTS).open("a") as file:
        file.write("\n" + story)
    exit_status, found = play_tests(books)
    assert not [one for one in found["tests"] if not one["passed"]]
    assert exit_status == 0
