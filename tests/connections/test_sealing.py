import base64
import threading
from pathlib import Path

import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.sealing import KEY_VARIABLE, Seal, open_seal
from tillbridge.connector.settings import Secret

PASSWORD = Secret("correct horse battery staple")


def test_what_was_sealed_is_unsealed(tmp_path: Path) -> None:
    sealed = open_seal(tmp_path, {}).seal("sage.password", PASSWORD)
    assert open_seal(tmp_path, {}).unseal("sage.password", sealed) == PASSWORD


def test_a_sealed_text_does_not_show_the_secret_and_differs_each_time(tmp_path: Path) -> None:
    seal = open_seal(tmp_path, {})
    first, second = (seal.seal("sage.password", PASSWORD) for _ in range(2))
    assert first != second
    assert PASSWORD.value.encode() not in base64.urlsafe_b64decode(first.rpartition(":")[2])


def test_a_secret_put_in_anothers_place_is_refused(tmp_path: Path) -> None:
    seal = open_seal(tmp_path, {})
    with pytest.raises(Misconfigured, match="belongs to another name"):
        seal.unseal("dynamics.secret", seal.seal("sage.password", PASSWORD))


def test_a_wrong_key_is_told_from_a_damaged_text(tmp_path: Path) -> None:
    seal, other = open_seal(tmp_path / "a", {}), open_seal(tmp_path / "b", {})
    sealed = seal.seal("sage.password", PASSWORD)
    with pytest.raises(Misconfigured, match=f"sealed with key {seal.mark}.* key {other.mark}"):
        other.unseal("sage.password", sealed)
    with pytest.raises(Misconfigured, match="damaged"):
        seal.unseal("sage.password", sealed[:-6] + "AAAA" + sealed[-2:])


@pytest.mark.parametrize("text", ["", "plain password", "sealed:1", "sealed:1:", "sealed:1:ab"])
def test_what_is_not_sealed_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        open_seal(tmp_path, {}).unseal("sage.password", text)
    assert not text or text not in str(caught.value)


def test_the_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    marks = {open_seal(tmp_path / "new", {}).mark for _ in range(2)}
    assert len(marks) == 1
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["seal.key"]
    assert (tmp_path / "new" / "seal.key").stat().st_mode & 0o777 == 0o600


def test_two_who_start_at_once_have_one_key(tmp_path: Path) -> None:
    marks: list[str] = []
    threads = [
        threading.Thread(target=lambda: marks.append(open_seal(tmp_path, {}).mark))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(marks) == 8
    assert len(set(marks)) == 1


def test_a_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    open_seal(tmp_path, {})
    (tmp_path / "seal.key").chmod(0o644)
    with pytest.raises(Misconfigured, match="read by others"):
        open_seal(tmp_path, {})


def test_a_key_in_the_environment_comes_first(tmp_path: Path) -> None:
    key = base64.urlsafe_b64encode(bytes(range(32))).decode()
    assert open_seal(tmp_path, {KEY_VARIABLE: key}).mark == Seal(bytes(range(32))).mark
    assert not (tmp_path / "seal.key").exists()


@pytest.mark.parametrize("key", ["short", "AAAA", "not base64 at all !"])
def test_a_malformed_key_is_refused_without_being_shown(tmp_path: Path, key: str) -> None:
    with pytest.raises(Misconfigured, match="does not hold a seal key") as caught:
        open_seal(tmp_path, {KEY_VARIABLE: key})
    assert key not in str(caught.value)


def test_a_seal_does_not_show_its_key() -> None:
    assert repr(Seal(bytes(32))) == f"Seal({Seal(bytes(32)).mark})"
