"""Whether a shop was kept from the processors, so that its slowness says nothing about it.

Linux counts, for each process, how long it ran and how long it was ready to run and waited for a processor
(`/proc/PID/schedstat`, Documentation/scheduler/sched-stats.rst). Elsewhere nothing is known.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROC = Path("/proc")
TICKS_A_S, NS = os.sysconf("SC_CLK_TCK"), 1e-9
WAITED_PER_RUN = 3.0  # who waits so much longer than it runs is four times as slow as it is
OTHERS_SHARE = 0.25  # of all processors: whoever is kept waiting by no more than that has itself to blame


@dataclass(frozen=True)
class Look:
    """One look at the machine: `ran_s` and `waited_s` of each process of ours, by its id; `busy_s` of all there are."""

    at: float
    ran_s: dict[int, float]
    waited_s: dict[int, float]
    busy_s: float

    @classmethod
    def now(cls, others: Iterable[int] = ()) -> Self:
        """Look at this process, the `others` that are ours, and all below them."""
        ours = {pid for root in (os.getpid(), *others) for pid in _below(root)}
        both = {pid: times for pid in ours if (times := _scheduled(pid))}
        ran, waited = ({pid: times[which] for pid, times in both.items()} for which in (0, 1))
        return cls(time.monotonic(), ran, waited, _busy_s())


@dataclass(frozen=True)
class Share:
    """What we got of the processors between two looks. `others` is what the rest had, of all that there was."""

    ran_s: float
    waited_s: float
    others: float

    @classmethod
    def between(cls, before: Look, after: Look) -> Self:
        ran, waited = _more(before.ran_s, after.ran_s), _more(before.waited_s, after.waited_s)
        there_was = max(1e-9, (after.at - before.at) * (os.cpu_count() or 1))
        return cls(ran, waited, max(0.0, after.busy_s - before.busy_s - ran) / there_was)

    @property
    def is_small(self) -> bool:
        """Whether others kept us waiting for longer than we ran, so that we were less than half as fast as we are."""
        return self.others > OTHERS_SHARE and self.waited_s > self.ran_s

    @property
    def is_too_small(self) -> bool:
        """Whether others kept us from running for so long that nothing follows from how slow we were."""
        return self.others > OTHERS_SHARE and self.waited_s > WAITED_PER_RUN * self.ran_s

    def __str__(self) -> str:
        others = f"other work had {self.others:.0%} of this machine"
        return f"{others}: the shop ran for {self.ran_s:.1f} s and waited {self.waited_s:.1f} s for a processor"


def _more(before: dict[int, float], after: dict[int, float]) -> float:
    """By how much the sum grew. Of a process that is new all counts, and nothing of one that has ended."""
    return sum(value - before.get(pid, 0.0) for pid, value in after.items())


def _below(pid: int) -> Iterator[int]:
    yield pid
    for tasks in _children(pid):
        for child in tasks.split():
            yield from _below(int(child))


def _children(pid: int) -> Iterator[str]:
    for task in (PROC / str(pid) / "task").glob("*/children"):
        with suppress(OSError):
            yield task.read_text()


def _scheduled(pid: int) -> tuple[float, float] | None:
    """The seconds for which a process ran, and waited; None where it has ended, or nobody counts."""
    try:
        ran, waited, _ = (PROC / str(pid) / "schedstat").read_text().split()
    except (OSError, ValueError):
        return None
    return int(ran) * NS, int(waited) * NS


def _busy_s() -> float:
    """For how long the processors, all together, have worked so far."""
    try:
        user, nice, system, _, _, irq, softirq, *_ = map(int, (PROC / "stat").read_text().splitlines()[0].split()[1:])
    except (OSError, ValueError):
        return 0.0
    return (user + nice + system + irq + softirq) / TICKS_A_S
