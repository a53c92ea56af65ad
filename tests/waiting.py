"""Waiting for a condition. No test sleeps for a time in which something ought to have happened."""

import asyncio
import time
from collections.abc import Awaitable, Callable

POLL_S = 0.02


def until(condition: Callable[[], object], within_s: float = 20.0, what: str = "what was waited for") -> None:
    """Return as soon as `condition` holds; raises AssertionError, with `what`, if it does not within `within_s` s."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(POLL_S)


async def eventually(condition: Callable[[], Awaitable[object]], within_s: float = 20.0) -> None:
    """As `until`, for a condition that has to be awaited."""
    deadline = time.monotonic() + within_s
    while not await condition():
        assert time.monotonic() < deadline, f"it did not come true within {within_s:g} s"
        await asyncio.sleep(POLL_S)
