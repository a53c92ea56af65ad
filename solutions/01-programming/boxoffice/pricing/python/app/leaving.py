"""Leaving in order: say it, go on for a moment, take no more, finish what has begun (contracts/pricing.md)."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

NOTICE_S = 1.2
FINISH_S = 5

told = asyncio.Event()
"""Set as soon as the service was told to stop."""


class Server(uvicorn.Server):
    """uvicorn, which stops only when the notice is over. By itself it stops at once, and ends by the signal it got."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Called by uvicorn, around all of its serving and within the loop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._leave)
        yield

    def _leave(self) -> None:
        told.set()
        asyncio.get_running_loop().call_later(NOTICE_S, self._stop)

    def _stop(self) -> None:
        self.should_exit = True
