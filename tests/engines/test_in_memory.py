"""A folder whose files are kept in memory where there is room, and removed wherever they are."""

import os
from pathlib import Path

import pytest

from breakwater.engines import in_memory


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place in memory with room for everything, told from a disk by its name."""
    place = tmp_path / "shm"
    place.mkdir()
    monkeypatch.setattr(in_memory, "SHM", place)
    monkeypatch.setattr(in_memory, "ROOM", 1)
    monkeypatch.setattr(in_memory, "is_in_memory", lambda folder: place == folder or place in folder.parents)
    return place


def test_a_folder_on_disk_is_a_link_to_one_in_memory(memory: Path, tmp_path: Path) -> None:
    in_memory.make(tmp_path / "data")
    (tmp_path / "data" / "file").write_text("x")
    [kept] = memory.iterdir()
    assert (kept / "file").read_text() == "x"
    assert oct(kept.stat().st_mode & 0o777) == "0o700"
    in_memory.remove(tmp_path / "data")
    assert list(memory.iterdir()) == []
    assert not (tmp_path / "data").is_symlink()


def test_without_room_or_in_memory_anyway_it_is_a_folder(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory.make(memory / "data")
    monkeypatch.setattr(in_memory, "ROOM", 1 << 60)
    in_memory.make(tmp_path / "data")
    for folder in (memory / "data", tmp_path / "data"):
        assert folder.is_dir()
        assert not folder.is_symlink()
        in_memory.remove(folder)
        assert not folder.exists()


def test_what_is_not_ours_is_not_removed_with_a_link_to_it(memory: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "somebody"
    foreign.mkdir()
    (tmp_path / "data").symlink_to(foreign)
    in_memory.remove(tmp_path / "data")
    assert foreign.is_dir()
    assert not (tmp_path / "data").is_symlink()
    in_memory.remove(tmp_path / "data")


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="this machine has no /dev/shm: only Linux does")
def test_a_file_system_in_memory_is_known() -> None:
    assert in_memory.is_in_memory(Path("/dev/shm"))
    assert not in_memory.is_in_memory(Path("/proc/self"))
