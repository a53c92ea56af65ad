"""A shop's state folder: who owns it, and how what a dead owner left is cleared away.

A supervisor holds the lock for as long as it lives, so an unlocked folder that is not empty is debris: the next
command ends what may still run of it, and empties it.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from breakwater import paths
from breakwater.engines import in_memory
from breakwater.engines.control import LOCK, LOGS
from breakwater.engines.postgres import remove_shared_memory
from breakwater.engines.process import LINUX
from breakwater.errors import EngineTrouble

PROCESSES = "processes.json"
DATABASE = "pg"
OWN_LOG = "supervisor.log"
"""What a supervisor itself says: nothing, if all is well."""


def make(state: Path) -> None:
    """Make the folder, for its owner only. Raises EngineTrouble if somebody else's stands there."""
    try:
        state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        state.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise EngineTrouble(f"The folder {state} cannot be made: {error.strerror}. Set BREAKWATER_STATE.") from None
    for folder in {state, paths.state()} & {state, state.parent}:
        if folder.stat().st_uid != os.geteuid():
            raise EngineTrouble(f"The folder {folder} is another user's: set BREAKWATER_STATE to one of your own.")
    state.chmod(0o700)


def lock(state: Path) -> IO[bytes] | None:
    """Take the folder; None if a supervisor has it. The lock lasts until the file is closed."""
    while True:
        file = (state / LOCK).open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        with contextlib.suppress(FileNotFoundError):  # else a former owner removed it between our two steps
            if os.fstat(file.fileno()).st_ino == (state / LOCK).stat().st_ino:
                return file
        file.close()


def is_locked(state: Path) -> bool:
    """Whether a supervisor lives."""
    if not (state / LOCK).exists():
        return False
    file = lock(state)
    if file:
        file.close()
    return file is None


def record(state: Path, pids: Iterable[int]) -> None:
    """Write down the process groups that run now."""
    fresh = state / (PROCESSES + ".new")
    fresh.write_text(json.dumps({pid: started_at(pid) for pid in pids}))
    fresh.replace(state / PROCESSES)


def clear(state: Path, *, keep_logs: bool = False) -> None:
    """End what a dead supervisor left running and remove its files; to be called under the lock."""
    _end_recorded(state)
    remove_shared_memory(state / DATABASE)
    in_memory.remove(state / DATABASE)
    for entry in state.iterdir():
        if entry.name in (LOCK, OWN_LOG) or (keep_logs and entry.name == LOGS):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def remove(state: Path) -> None:
    """Remove the folder with its lock, and the one of all shops if it was the last."""
    with contextlib.suppress(OSError):
        (state / OWN_LOG).unlink(missing_ok=True)
        (state / LOCK).unlink(missing_ok=True)
        state.rmdir()
        if state.parent == paths.state():
            state.parent.rmdir()


def started_at(pid: int) -> str:
    """When a process started, as a text that no later process of the same number shares; empty if there is none."""
    try:
        if LINUX:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        return subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def _end_recorded(state: Path) -> None:
    try:
        recorded = json.loads((state / PROCESSES).read_text())
    except (OSError, ValueError):
        return
    for text, started in recorded.items():
        # A leader that ended keeps its number while its group lives; a living one must be the one we started.
        if started_at(int(text)) in ("", started):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(text), signal.SIGKILL)
