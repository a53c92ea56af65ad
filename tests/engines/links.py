"""A callee, a link's proxy before it, and callers: plain sockets, without a shop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from breakwater.engines.description import Link
from breakwater.engines.proxy import LinkProxy

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
LINK = Link("a", "b")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ASK = b"GET /x HTTP/1.1\r\nX-Request-ID: r1\r\n\r\n"


@dataclass
class Callee:
    """A server that answers each request head, in so many parts, and keeps what it was told."""

    heard: bytearray = field(default_factory=bytearray)
    ended: int = 0
    connections: int = 0
    parts: int = 1
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while data := await reader.read(65536):
                self.heard += data
                if self.heard.endswith(b"\r\n\r\n"):
                    await self._answer(writer)
                await self._tell()
            self.ended += 1
        except ConnectionError:
            self.ended += 1
        await self._tell()
        writer.close()

    async def _answer(self, writer: Writer) -> None:
        size = -(-len(ANSWER) // self.parts)
        for begin in range(0, len(ANSWER), size):
            writer.write(ANSWER[begin : begin + size])
            await asyncio.sleep(0.005 if self.parts > 1 else 0)  # so that each part is a packet of its own

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, met: object) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(met)  # type: ignore[arg-type]


@asynccontextmanager
async def caller(proxy: LinkProxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def open_again(proxy: LinkProxy) -> None:
    """Wait until the link accepts and answers."""
    async with asyncio.timeout(5):
        while True:
            try:
                async with caller(proxy) as (reader, writer):
                    writer.write(ASK)
                    assert await reader.readexactly(len(ANSWER)) == ANSWER
                    return
            except ConnectionRefusedError:
                await asyncio.sleep(0)
