"""What `tillbridge test` says, and that it never reaches a real system."""

import socket
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.rehearsal.books import make_books, play_tests, replace_in, tillbridge

MATCHING = ("--matching", "A paid order becomes")
MAPPING = "mappings/dynamics-sales-order.yaml"


@pytest.mark.complaint("I19")
def test_a_changed_rule_is_named_with_its_field_file_and_line(tmp_path: Path) -> None:
    folder = make_books(tmp_path / "books")
    replace_in(folder / MAPPING, "name: \"'Web order ' + order.number\"", "name: order.number")
    status, found = play_tests(folder, *MATCHING)
    assert status == 1
    [test] = found["tests"]
    [difference] = test["differences"]
    line = (folder / MAPPING).read_text().splitlines().index("  name: order.number") + 1
    assert difference["what"] == "name"
    assert (difference["expected"], difference["found"]) == ("Web order 1042", "1042")
    assert difference["rule"] == f"{MAPPING}:{line}"


def test_a_rule_inside_a_line_is_named_by_its_item(tmp_path: Path) -> None:
    folder = make_books(tmp_path / "books")
    replace_in(folder / MAPPING, "quantity: line.quantity\n", "quantity: line.quantity * 2\n")
    _, found = play_tests(folder, *MATCHING)
    whats = [each["what"] for each in found["tests"][0]["differences"]]
    assert "lines[0].quantity" in whats


def test_a_write_nobody_expects_and_one_that_is_missing_are_differences(tmp_path: Path) -> None:
    folder = make_books(tmp_path / "books")
    tests = folder / "tests" / "orders.yaml"
    replace_in(
        tests, "        - write: dynamics/sales_order\n", "        - write: cybersource/capture\n"
    )
    text = tests.read_text()
    start = text.index("          fields:")
    tests.write_text(text[:start] + text[text.index("      runs:", start) :])
    _, found = play_tests(folder, *MATCHING)
    differences = {each["what"]: each for each in found["tests"][0]["differences"]}
    assert differences["cybersource/capture"]["found"] == "written 0 times"
    assert differences["dynamics/sales_order"]["expected"] == "nothing"


def test_a_dead_letter_nobody_expects_fails_the_test(tmp_path: Path) -> None:
    folder = make_books(tmp_path / "books")
    replace_in(folder / "lookups/products.csv", "MUG-BLUE,MUG-BLUE\n", "")
    _, found = play_tests(folder, *MATCHING)
    told = [each["found"] for each in found["tests"][0]["differences"]]
    assert any("dead_letter" in each and "MUG-BLUE" in each for each in told)


@pytest.mark.complaint("I14b")
def test_results_are_written_for_continuous_integration(tmp_path: Path) -> None:
    folder, results = make_books(tmp_path / "books"), tmp_path / "results.xml"
    replace_in(folder / MAPPING, "name: \"'Web order ' + order.number\"", "name: order.number")
    play_tests(folder, "--junit", str(results), "--matching", "becomes a sales order")
    suite = ET.parse(results).getroot()  # noqa: S314 (we have just written it)
    assert suite.attrib["failures"] == "1"
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "Web order 1042" in failure.attrib["message"]


def test_the_folders_own_addresses_are_never_called(tmp_path: Path) -> None:
    folder = make_books(tmp_path / "books")
    called: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as real:
        port = real.getsockname()[1]
        real.settimeout(0.5)
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    called.append(real.accept()[1])
                except TimeoutError:
                    continue

        listening = threading.Thread(target=listen)
        listening.start()
        address = f"http://127.0.0.1:{port}"
        for own in ("https://your-org.crm4.dynamics.com", "https://shop.example/payment-status"):
            replace_in(folder / "tillbridge.yaml", own, address)
        status, _ = play_tests(folder, "--matching", "What was shipped is captured")
        ended.set()
        listening.join()
    assert status == 0
    assert called == []


def test_a_folder_without_tests_says_how_to_get_one(tmp_path: Path) -> None:
    folder = make_books(tmp_path / "books")
    for path in (folder / "tests").iterdir():
        path.unlink()
    done = tillbridge("--folder", str(folder), "test")
    assert done.returncode == 1
    assert "--from-run" in done.stderr


def test_a_misspelt_step_is_named_with_its_line_and_the_nearest(tmp_path: Path) -> None:
    folder = make_books(tmp_path / "books")
    tests = folder / "tests" / "orders.yaml"
    replace_in(tests, '      - checkout: "1042"\n', '      - chekout: "1042"\n')
    line = next(
        at for at, text in enumerate(tests.read_text().splitlines(), 1) if "chekout" in text
    )
    done = tillbridge("--folder", str(folder), "test")
    assert done.returncode == 1
    assert f"tests/orders.yaml:{line}" in done.stderr
    assert "Did you mean 'checkout'?" in done.stderr


def test_a_window_closes_when_its_time_passes_and_tells_a_channel_without_secrets(
    tmp_path: Path,
) -> None:
    folder = make_books(tmp_path / "books")
    with (folder / "tillbridge.yaml").open("a") as file:
        file.write(
            "  chat:\n    connector: notify\n    settings: { channel: webhook, url: chat_url }\n"
        )
    (folder / "flows/day.yaml").write_text(
        "flow: day\nlane: chat\nwindow: { of: [payment.captured], by: order.number, length: 1d }\n"
        "steps:\n  - notify: told\n    to: chat\n    title: text(count(trigger.events))\n"
    )
    (folder / "tests/captures.yaml").unlink()
    tests = (folder / "tests/orders.yaml").read_text()
    (folder / "tests/orders.yaml").write_text(
        tests[: tests.index("tests:\n")] + "tests:\n  - test: A day is told\n    steps:\n"
        '      - checkout: "1042"\n'
        '      - shipment: { order_number: "1042", id: F-1, complete: true }\n'
        "      - pass: 2d\n    expect:\n      others: true\n      writes:\n"
        '        - { write: chat/notification, including: { title: "1" } }\n'
    )
    status, found = play_tests(folder)
    assert status == 0, found
