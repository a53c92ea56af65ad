"""Ask a pricing for quotes as fast as it answers, over so many connections; print what came of it as JSON.

    python labs/01-programming/tools/generator.py 127.0.0.1 8000 --connections 32 --seconds 5

A process of its own, without a library for HTTP: of what a request costs, as little as possible is to be ours. How
much of a processor it took is told as well (`busy`): near 1, the answers waited for it, and not it for them.
"""

import asyncio
import json
import re
import sys
import time
from array import array
from typing import Any

from contract import Parser

BODY = b'{"event": "opening-night", "seats": 12}'
REQUEST = (
    b"POST /quotes HTTP/1.1\r\nHost: pricing\r\nContent-Type: application/json\r\n"
    b"Content-Length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY
)
OK = b"HTTP/1.1 200"
END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Caller(asyncio.Protocol):
    """One connection: it asks, and when it is answered it asks again. `waits` are those of its answers, in seconds."""

    def __init__(self) -> None:
        self.waits = array("d")
        self.failed = 0
        self.gone = False
        self._received = bytearray()
        self._asked_at = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(END)
        length = LENGTH.search(self._received, 0, head) if head >= 0 else None
        if length is None or len(self._received) < head + len(END) + int(length[1]):
            return
        if self._received.startswith(OK):
            self.waits.append(time.perf_counter() - self._asked_at)
        else:
            self.failed += 1
        self._received.clear()
        self._ask()

    def connection_lost(self, _: Exception | None) -> None:
        self.gone = True

    def forget(self) -> None:
        """Begin to count anew."""
        self.waits = array("d")
        self.failed = 0

    def leave(self) -> None:
        self._transport.abort()


async def measure(host: str, port: int, connections: int, warm_up_s: float, seconds: float) -> dict[str, Any]:
    """Ask for `seconds` after a warm-up; return how many were answered, how fast, and what it cost us.

    Raises OSError if nobody answers there.
    """
    loop = asyncio.get_running_loop()
    callers = [(await loop.create_connection(Caller, host, port))[1] for _ in range(connections)]
    await asyncio.sleep(warm_up_s)
    for caller in callers:
        caller.forget()
    began, cost = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    took, cost = time.perf_counter() - began, time.process_time() - cost
    gone = sum(caller.gone for caller in callers)
    for caller in callers:
        caller.leave()
    waits = sorted(wait for caller in callers for wait in caller.waits)
    return {
        "answered": len(waits),
        "failed": sum(caller.failed for caller in callers) + gone,
        "a_second": round(len(waits) / took, 1),
        "median_ms": _at(waits, 0.5),
        "p99_ms": _at(waits, 0.99),
        "busy": round(cost / took, 2),
    }


def _at(waits: list[float], share: float) -> float | None:
    """The wait, in milliseconds, that so large a share of all stayed below; None if there was none."""
    return round(waits[min(int(len(waits) * share), len(waits) - 1)] * 1000, 3) if waits else None


def main() -> None:
    parser = Parser(description="Ask a pricing for quotes as fast as it answers.")
    parser.add_argument("host", metavar="HOST")
    parser.add_argument("port", metavar="PORT", type=int)
    parser.add_argument("--connections", metavar="NUMBER", type=int, default=32)
    parser.add_argument("--warm-up", metavar="SECONDS", type=float, default=3.0, help="before it counts")
    parser.add_argument("--seconds", metavar="SECONDS", type=float, default=5.0)
    given = parser.parse_args()
    try:
        counted = asyncio.run(measure(given.host, given.port, given.connections, given.warm_up, given.seconds))
    except OSError as error:
        parser.error(f"nobody answers at {given.host}:{given.port} ({error.strerror or error})")
    except KeyboardInterrupt:
        sys.exit(130)
    print(json.dumps(counted))


if __name__ == "__main__":
    main()
