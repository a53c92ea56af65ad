"""Work that goes on while somebody wants it: what lesson 2 has learners write."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


async def while_wanted(
    work: Callable[[], Coroutine[Any, Any, Any]], left: Callable[[], Coroutine[Any, Any, None]]
) -> Any:
    working, leaving = asyncio.ensure_future(work()), asyncio.ensure_future(left())
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait([working, leaving])
