"""How much memory processes take together, by what /proc says of them. Standard library only: see `_job`.

A control group would bound the same in the kernel, but only root, or whom a system's administrator gave one, may make
any. Looking twenty times a second works for everybody; what a job can take in between is what its processors write in
that time. What looking does not see is bounded otherwise: files in memory by their mounts, shared memory that nobody
has mapped by `seccomp`, which refuses it.
"""

import os
from collections.abc import Collection, Sequence

PAGE = os.sysconf("SC_PAGE_SIZE")
FEW, MANY_SHARE = 80, 4
PARENT, RESIDENT = 1, 21  # in /proc/PID/stat, counted behind the name


def is_more(processes: Sequence[str], limit: int) -> bool:
    """Whether these take more than `limit` bytes.

    What processes share is counted for each of them at first. Only where that is too much, and they are few, is it
    worth the time to count exactly.
    """
    rough = sum(_said(name)[1] for name in processes)
    if rough <= limit or len(processes) > FEW:
        return rough > MANY_SHARE * limit
    return sum(_proportional(name) for name in processes) > limit


def families(roots: Collection[int]) -> dict[int, list[str]]:
    """These processes, each with all below it. Roots that are process 1 of a namespace lose nobody."""
    parents = {int(name): _said(name)[0] for name in everybody()}
    found: dict[int, list[str]] = {root: [] for root in roots}
    for process in parents:
        above = process
        while above and above not in found:
            above = parents.get(above, 0)
        if above:
            found[above].append(str(process))
    return found


def everybody() -> list[str]:
    """Who is alive in this namespace. Quick, since a fork bomb does not wait."""
    return [name for name in os.listdir("/proc") if name.isdigit()]


def _said(name: str) -> tuple[int, int]:
    """A process's parent, and its resident bytes; zeros if it is gone."""
    try:
        with open(f"/proc/{name}/stat", "rb") as file:
            told = file.read().rpartition(b")")[2].split()
        return int(told[PARENT]), int(told[RESIDENT]) * PAGE
    except (OSError, IndexError):
        return 0, 0


def _proportional(name: str) -> int:
    try:
        with open(f"/proc/{name}/smaps_rollup", "rb") as file:
            return sum(int(line.split()[1]) << 10 for line in file if line.startswith(b"Pss:"))
    except OSError:
        return 0
