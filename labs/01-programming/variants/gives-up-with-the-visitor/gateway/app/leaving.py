"""Visitors who leave: what was begun for them is given up."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .wanted import while_wanted  # yours

SAFE = ("GET", "HEAD")  # what changes something is not given up in the middle (RFC 9110, section 9.2.1)


class GivenUpWithTheVisitor:
    """ASGI middleware: a request that changes nothing runs as long as its visitor is there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in SAFE:
            return await self.app(scope, receive, send)
        heard: asyncio.Queue[Message] = asyncio.Queue()

        async def left() -> None:
            while (message := await receive())["type"] != "http.disconnect":
                heard.put_nowait(message)

        await while_wanted(lambda: self.app(scope, heard.get, send), left)
