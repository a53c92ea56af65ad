"""What a service takes: memory of its own, and the processors' time, of its process and all below it.

Where Linux tells it, memory is the proportional set size (man 5 proc, smaps_rollup: a page that several processes have
counts in parts) and what was swapped out; elsewhere what is resident and shared with no file. Read by psutil.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import psutil

from breakwater.errors import EngineTrouble

MB = 1_000_000


@dataclass(frozen=True)
class Footprint:
    """`memory_mb` in megabytes (10⁶ bytes), `ran_s` the seconds for which it had a processor since it started."""

    memory_mb: float
    ran_s: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """Look at a process and its children now. Raises EngineTrouble where it is gone, or may not be looked at."""
        memory, ran = 0, 0.0
        try:
            for process in _family(pid):
                with suppress(psutil.NoSuchProcess):  # a child that has just ended
                    memory += _own_bytes(process)
                    times = process.cpu_times()
                    ran += times.user + times.system
        except psutil.Error as error:
            raise EngineTrouble(f"Process {pid} of the shop cannot be looked at: {error}") from None
        return cls(memory / MB, ran)


def _family(pid: int) -> Iterator[psutil.Process]:
    process = psutil.Process(pid)
    yield process
    yield from process.children(recursive=True)


def _own_bytes(process: psutil.Process) -> int:
    with suppress(psutil.AccessDenied, AttributeError):
        full = process.memory_full_info()
        return int(full.pss + full.swap)
    found = process.memory_info()
    return int(found.rss - getattr(found, "shared", 0))
