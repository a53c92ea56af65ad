"""Visitors who leave: what was begun for them is given up.

A server tells an application by a message that the one who asked is gone. FastAPI passes it to whoever asks for it, and
ends nothing by itself: without this, the services behind work on for nobody.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = ("GET", "HEAD")  # what changes something is not given up in the middle (RFC 9110, section 9.2.1)


class GivenUpWithTheVisitor:
    """ASGI middleware: cancel the work for a request that changes nothing when nobody waits for it any more."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in SAFE:
            return await self.app(scope, receive, send)
        heard: asyncio.Queue[Message] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(self._work(scope, heard.get, send))
            ears = tasks.create_task(_listen(receive, heard, work))
            work.add_done_callback(lambda _: ears.cancel())

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def _listen(receive: Receive, heard: "asyncio.Queue[Message]", work: "asyncio.Task[None]") -> None:
    """Pass on what the server says; cancel `work` when it says that the visitor has left."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            work.cancel()
            return
        heard.put_nowait(message)
