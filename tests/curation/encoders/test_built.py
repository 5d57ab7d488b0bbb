"""Files made from a model: made once, checked, never half there."""

from pathlib import Path

import pytest

from curation.encoders.built import built, cache_folder
from curation.errors import ModelUnavailable


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TAMIS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def never(path: Path) -> None:
    raise AssertionError("made again")


def test_a_file_is_made_once_for_each_key(folder: Path) -> None:
    one = built("model-1", ".bin", lambda path: path.write_bytes(b"one"))
    assert (one.parent, one.read_bytes()) == (folder, b"one")
    assert built("model-1", ".bin", never) == one
    other = built("model-1-more", ".bin", lambda path: path.write_bytes(b"other"))
    assert (other.read_bytes(), one.read_bytes()) == (b"other", b"one")


def test_a_damaged_file_is_replaced(folder: Path) -> None:
    path = built("model", ".bin", lambda path: path.write_bytes(b"whole"))
    path.write_bytes(b"who")
    again = built("model", ".bin", lambda path: path.write_bytes(b"whole"))
    assert again.read_bytes() == b"whole"
    assert list(folder.iterdir()) == [again]


def test_what_fails_leaves_nothing(folder: Path) -> None:
    def stop(path: Path) -> None:
        path.write_bytes(b"half")
        raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        built("model", ".bin", stop)
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_clear_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_text("a file in its place")
    with pytest.raises(ModelUnavailable, match="cannot be written") as caught:
        built("model", ".bin", never)
    assert "TAMIS_CACHE" in caught.value.hint


def test_the_folder_is_the_systems_own_unless_chosen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache_folder() == folder
    monkeypatch.delenv("TAMIS_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/tmp/caches")
    assert cache_folder() == Path("/var/tmp/caches/tamis")
