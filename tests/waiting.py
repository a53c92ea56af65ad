"""Waiting for a condition. No test sleeps for a time in which something ought to have happened."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], within_s: float = 20.0) -> None:
    """Return as soon as `condition` holds; raises AssertionError if it does not within `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true within {within_s:g} s"
        time.sleep(0.02)
