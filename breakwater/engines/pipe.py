"""One direction of a connection through the fault proxy.

What arrives is a queue of bytes that are late or held, delivered in order, the end of the stream and a broken
connection included. What a fault made late is late no more when it heals. Faults know no protocol: a message is what
one side says until the other speaks. Memory is bounded: a pipe that holds much stops reading from its source.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from breakwater.faults import Direction, Fate, LinkFault

HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024


class Signal:
    """What travels in a pipe besides bytes."""

    def __init__(self, name: str) -> None:
        self.name = name


END = Signal("the sender has no more to say")
BROKEN = Signal("the connection broke")

Item = bytes | Signal
Lateness = list[tuple[LinkFault, float]]  # the seconds by which each fault makes a message late


class Way(Protocol):
    """What a pipe asks of its link: the faults that hit it now, and whether it is held as a whole."""

    faults: list[LinkFault]
    held: bool


class Pipe:
    """One direction. Takes what arrives from its source and delivers it; late, held or not at all, as faults say."""

    def __init__(
        self, link: Way, direction: Direction, deliver: Callable[[Item], None], cut: Callable[[], None]
    ) -> None:
        self._link = link
        self._faults = link.faults
        self._direction = direction
        self._deliver = deliver
        self._cut = cut
        self._late: Lateness | None = None  # of the message that passes; None before it was asked for
        self._fate: Fate | None = None
        self._queue: deque[tuple[float, Lateness, Item]] = deque()
        self.held_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._source: asyncio.Transport | None = None
        self._paused = False
        self._dropped = False
        self.is_silent = False
        self.ready = False

    def reads_from(self, source: asyncio.Transport) -> None:
        self._source = source

    def next_message(self) -> None:
        """What comes from now on is another message, and meets its own lateness and fate."""
        self._late = self._fate = None

    def push(self, item: Item) -> None:
        if self._dropped or self.is_silent:
            return
        if self.ready and not (self._queue or self._faults or self._link.held):
            self._deliver(item)
        elif isinstance(item, Signal) or self._is_carried():
            self._queue.append((monotonic(), self._lateness(), item))
            self.held_bytes += len(item) if isinstance(item, bytes) else 0
            self.flush()

    def _is_carried(self) -> bool:
        """Whether the message that passes arrives; let happen what happens in its stead."""
        if self._fate is None:
            fates = [fault.fate(self._direction) for fault in self._faults]
            self._fate = next((fate for fate in (Fate.CUT, Fate.LOST) if fate in fates), Fate.CARRIED)
            self.is_silent = self._fate is Fate.LOST
            if self._fate is Fate.CUT:
                self._cut()
        return self._fate is Fate.CARRIED

    def _lateness(self) -> Lateness:
        if self._late is None:
            self._late = [(fault, fault.late_s(self._direction)) for fault in self._faults]
        return self._late

    def _due(self, came: float, late: Lateness) -> float:
        """When something that came then is handed on, as the faults are now."""
        return came + sum(late_s for fault, late_s in late if any(fault is each for each in self._faults))

    def flush(self) -> None:
        """Hand on everything that is due. To be called again whenever a fault heals or the way is free."""
        while self._queue and self.ready and not self._held():
            came, late, item = self._queue[0]
            if (due := self._due(came, late)) > monotonic():
                self._wake_at(due)
                break
            self._queue.popleft()
            self.held_bytes -= len(item) if isinstance(item, bytes) else 0
            self._deliver(item)
        self._press_back()

    def drop(self) -> None:
        """Forget everything that waits, for good."""
        self.ready = False
        self._dropped = True
        self._queue.clear()
        if self._timer:
            self._timer.cancel()

    def _held(self) -> bool:
        return self._link.held or any(fault.holds(self._direction) for fault in self._faults)

    def _wake_at(self, due: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(due - monotonic(), self.flush)

    def _press_back(self) -> None:
        if self._source is None or self._source.is_closing():
            return
        if not self._paused and self.held_bytes > HIGH_WATER:
            self._paused = True
            self._source.pause_reading()
        elif self._paused and self.held_bytes < LOW_WATER:
            self._paused = False
            self._source.resume_reading()
