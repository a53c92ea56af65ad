"""Finding the processes of a shop, whoever their parents are."""

import os
from contextlib import suppress
from pathlib import Path

import psutil

from breakwater.engines import state
from tests.waiting import until


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process that has to do with a state folder, by its arguments, environment or working directory."""
    found = []
    for process in psutil.process_iter():
        try:
            said = [*process.cmdline(), *process.environ().values(), process.cwd()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(folder) in text for text in said):
            found.append(process)
    return found


def is_supervisor(process: psutil.Process) -> bool:
    """Whether it holds a shop; not so if it has ended meanwhile."""
    with suppress(psutil.Error):
        return "breakwater.engines.supervisor" in process.cmdline()
    return False


def supervisor_of(folder: Path) -> psutil.Process:
    until(lambda: any(map(is_supervisor, processes_of(folder))))
    return next(filter(is_supervisor, processes_of(folder)))


def lives(folder: Path) -> bool:
    """Whether a supervisor has the folder. `is_locked` looks twice, and the folder may go in between."""
    try:
        return state.is_locked(folder)
    except FileNotFoundError:
        return False
