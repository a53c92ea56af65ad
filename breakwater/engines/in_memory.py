"""Folders whose files are kept in memory: a database that is thrown away needs no disk.

A folder on disk becomes a link to one in `/dev/shm`, where there is such a place with room. Whoever removes it has to
remove both, also after somebody who could not: hence `remove`, which `state.clear` calls for a dead supervisor.
"""

import os
import shutil
import tempfile
from pathlib import Path

SHM = Path("/dev/shm")
PREFIX = "breakwater-"
ROOM = 1 << 30  # bytes that must be free: a shop's cluster has 60 MB, and a long load run some hundred


def make(folder: Path) -> None:
    """Make `folder`, which must not be there; in memory where there is room, unless it is so anyway."""
    if is_in_memory(folder.parent) or not _has_room():
        folder.mkdir(mode=0o700)
    else:
        folder.symlink_to(tempfile.mkdtemp(prefix=PREFIX, dir=SHM))


def remove(folder: Path) -> None:
    """Remove the folder with all that is in it, wherever that is kept. No error if there is none."""
    if folder.is_symlink():
        kept = Path(os.readlink(folder))
        if kept.parent == SHM and kept.name.startswith(PREFIX):
            shutil.rmtree(kept, ignore_errors=True)
        folder.unlink(missing_ok=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def is_in_memory(folder: Path) -> bool:
    """Whether the file system of a folder is one in memory; False where nobody tells."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return False
    place = str(folder.resolve())
    above = [(where, kind) for _, where, kind, *_ in mounts if _is_below(place, where)]
    return max(above, key=lambda mount: len(mount[0]), default=("", ""))[1] in ("tmpfs", "ramfs")


def _is_below(place: str, mount: str) -> bool:
    return mount == "/" or place == mount or place.startswith(f"{mount}/")


def _has_room() -> bool:
    if not is_in_memory(SHM) or not os.access(SHM, os.W_OK):
        return False
    found = os.statvfs(SHM)
    return found.f_bavail * found.f_frsize >= ROOM
