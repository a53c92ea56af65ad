"""Several questions side by side: what lesson 2 has learners write."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def at_once(*questions: Coroutine[Any, Any, Any]) -> list[Any]:
    try:
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(question) for question in questions]
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    return [task.result() for task in asked]
