"""A gateway that answers at once, or stands still for a while: a target of which everything is known.

    python -m bench._gateway PORT [STALL_FROM_S STALL_UNTIL_S]

It sells a hall of 200 seats without ever taking one, in a process of its own. The stall counts from its first purchase.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from breakwater.engines.ports import reserve

SEATS = [{"seat": f"{row}{n}", "price_cents": 4500, "sold": False} for row in "ABCDEFGHIJ" for n in range(1, 21)]
PAGE = json.dumps(SEATS).encode()


class Gateway:
    """Answers HTTP/1.1, one request after another on each connection."""

    def __init__(self, stall: tuple[float, float] = (0.0, 0.0)) -> None:
        self._stall = stall
        self._first: float | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = await reader.readexactly(_length(head))
                await self._stand_still(head)
                writer.write(_answer(head, body))
                await writer.drain()
        writer.close()

    async def _stand_still(self, head: bytes) -> None:
        """Whoever asks during the stall waits for its end."""
        if self._first is None and head.startswith(b"POST"):
            self._first = time.monotonic()
        since = time.monotonic() - (self._first or time.monotonic())
        if self._stall[0] <= since < self._stall[1]:
            await asyncio.sleep(self._stall[1] - since)


def _length(head: bytes) -> int:
    line = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    return int(line.partition(b":")[2])


def _answer(head: bytes, body: bytes) -> bytes:
    if not head.startswith(b"POST"):
        return _message(b"200 OK", PAGE)
    asked = json.loads(body)
    order = {key: asked[key] for key in ("event", "seat", "buyer")} | {"id": f"order-{asked['buyer']}"}
    return _message(b"201 Created", json.dumps(order | {"amount_cents": 4500, "status": "confirmed"}).encode())


def _message(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


@contextmanager
def running(stall: tuple[float, float] = (0.0, 0.0)) -> Iterator[str]:
    """Yield the URL of a gateway in a process of its own."""
    port = reserve()
    arguments = [str(port.number), *map(str, stall)]
    process = subprocess.Popen([sys.executable, "-m", "bench._gateway", *arguments])
    url = f"http://127.0.0.1:{port.number}"
    try:
        _until_it_answers(url)
        yield url
    finally:
        process.kill()
        process.wait()
        port.release()


def _until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(OSError):
            urllib.request.urlopen(f"{url}/events/x/seats", timeout=5).read()
            return
        time.sleep(0.02)
    raise RuntimeError("the gateway does not answer")


async def _main(port: int, stall: tuple[float, float]) -> None:
    server = await asyncio.start_server(Gateway(stall).serve, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    number, *times = map(float, sys.argv[1:])
    asyncio.run(_main(int(number), (times[0], times[1]) if times else (0.0, 0.0)))
