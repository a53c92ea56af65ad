"""Any service of the shop, asked over HTTP from outside the shop, in ways that no buyer asks.

Whatever a service does is an observation: no answer, a reset, an odd status end as a `Heard` that says so.
"""

import asyncio
import json
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from breakwater.buyer import LOOK, raise_if_ours
from breakwater.engines import Engine
from breakwater.errors import EngineTrouble

SMALL_BUFFER = 8 * 1024  # bytes that the kernel keeps for a reader who does not read
PART = 64 * 1024
LARGEST_BODY = 64_000_000  # bytes of which somebody reads a whole answer
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Heard:
    """What came of one request. `status` is None where no answer came; `trouble` says why, and is empty otherwise.

    `asked_at` is UNIX seconds; `elapsed_s` counts from the moment at which it was to be asked.
    """

    service: str
    request: str
    request_id: str
    asked_at: float
    elapsed_s: float
    status: int | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""
    trouble: str = ""

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        with suppress(ValueError, RecursionError):
            return json.loads(self.body)
        return None

    @property
    def answered_at(self) -> float:
        """When the answer came or, without one, when it was given up, in UNIX seconds."""
        return self.asked_at + self.elapsed_s

    @property
    def told(self) -> str:
        """The answer in a few words, as the end of "a visitor was told"."""
        return self.trouble or str(self.status)


class Http:
    """Asks the services of one shop. An async context manager."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # A connection a request: whoever asks comes from somewhere else each time.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(timeout=None, limits=limits, trust_env=False, verify=False)

    async def __aenter__(self) -> "Http":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, service: str, path: str, *, patience_s: float = 10.0) -> Heard:
        """GET a path; who has waited for `patience_s` seconds closes the connection and leaves."""
        return await self._ask("GET", service, path, patience_s)

    async def post(self, service: str, path: str, body: Any, *, patience_s: float = 10.0) -> Heard:
        """POST a body as JSON; where it is bytes, these, and say that they were JSON."""
        return await self._ask("POST", service, path, patience_s, body)

    @asynccontextmanager
    async def probes(
        self, service: str, path: str, *, body: Any = None, every_s: float, patience_s: float = 10.0
    ) -> AsyncIterator[list[Heard]]:
        """While the context lasts, the same is asked every `every_s` seconds, whatever became of the one before.

        Waits count from the moment at which each was due. The list that it gives grows; at the end all are answered.
        """
        heard: list[Heard] = []
        asked: list[asyncio.Task[None]] = []
        method = "GET" if body is None else "POST"

        async def ask(due: float) -> None:
            heard.append(await self._ask(method, service, path, patience_s, body, due=due))

        async def come() -> None:
            due = time.perf_counter()
            while True:
                await asyncio.sleep(due - time.perf_counter())
                asked.append(asyncio.create_task(ask(due)))
                due += every_s

        coming = asyncio.create_task(come())
        try:
            yield heard
            coming.cancel()
            await asyncio.gather(*asked)
        finally:
            for task in (coming, *asked):
                task.cancel()
            await asyncio.gather(coming, *asked, return_exceptions=True)

    @asynccontextmanager
    async def half_sent(self, service: str, path: str, body: Any) -> AsyncIterator["HalfSent"]:
        """A POST whose head has arrived, and half of its body; `finish` sends the rest, and waits for the answer."""
        raw = json.dumps(body).encode()
        request_id = _new_id()
        head = f"POST {path} HTTP/1.1\r\nHost: {service}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(raw)}\r\nX-Request-ID: {request_id}\r\nConnection: close\r\n\r\n"
        half = len(raw) // 2
        asked_at, begun = time.time(), time.perf_counter()
        async with self._connected(service) as connection:
            await _send(connection, head.encode() + raw[:half])
            yield HalfSent(connection, raw[half:], Heard(service, f"POST {path}", request_id, asked_at, 0.0), begun)

    @asynccontextmanager
    async def slow_reader(self, service: str, path: str, *, patience_s: float = 10.0) -> AsyncIterator["SlowReader"]:
        """Somebody who asks, reads the head of the answer, and then reads no more than they say.

        The context begins when the head has come, or `patience_s` are over.
        """
        request_id = _new_id()
        head = f"GET {path} HTTP/1.1\r\nHost: {service}\r\nX-Request-ID: {request_id}\r\n\r\n"
        asked_at, begun = time.time(), time.perf_counter()
        async with self._connected(service) as connection:
            await _send(connection, head.encode())
            came = await _read(connection, patience_s, until=HEAD_END)
            status = _status(came)
            trouble = "" if status else f"nothing: no answer came within {patience_s:.1f} s"
            heard = Heard(service, f"GET {path}", request_id, asked_at, time.perf_counter() - begun, status)
            yield SlowReader(connection, heard if status else _with(heard, trouble=trouble))

    @asynccontextmanager
    async def _connected(self, service: str) -> AsyncIterator[socket.socket]:
        """A connection whose reader takes little at a time."""
        there = urlsplit(self._engine.endpoint(service))
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            connection.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(connection, (there.hostname, there.port))
            except OSError as error:
                raise EngineTrouble(f"The link to {service} takes no connection: {error}") from error
            yield connection

    async def _ask(
        self, method: str, service: str, path: str, patience_s: float, body: Any = None, due: float | None = None
    ) -> Heard:
        url, request_id = self._engine.endpoint(service) + path, _new_id()
        asked_at, begun = time.time(), due or time.perf_counter()
        said: dict[str, Any] = {}
        headers = {"X-Request-ID": request_id} | ({"Content-Type": "application/json"} if body is not None else {})
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            async with (
                asyncio.timeout(patience_s),
                self._client.stream(method, url, content=content, headers=headers) as answer,
            ):
                said = {"status": answer.status_code, "headers": answer.headers, "body": await _whole(answer)}
        except TimeoutError:
            said = {"trouble": f"nothing: no answer came within {patience_s:.1f} s"}
        except httpx.ConnectError as error:
            raise_if_ours(error)
            said = {"trouble": f"nothing: {service} refused the connection"}
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise_if_ours(error)
            said = {"trouble": "nothing: the connection was cut"}
        return Heard(service, f"{method} {path}", request_id, asked_at, time.perf_counter() - begun, **said)


class HalfSent:
    """A request that is under way; see `Http.half_sent`."""

    def __init__(self, connection: socket.socket, rest: bytes, heard: Heard, begun: float) -> None:
        self._connection, self._rest, self._heard, self._begun = connection, rest, heard, begun

    async def finish(self, *, patience_s: float = 10.0) -> Heard:
        """Send the rest, and return what came of the request, its body up to the end of the connection."""
        await _send(self._connection, self._rest)
        came = await _read(self._connection, patience_s, until=None)
        elapsed_s = time.perf_counter() - self._begun
        status, body = _status(came), came.partition(HEAD_END)[2]
        trouble = "" if status else "nothing: the connection was cut before an answer came"
        return _with(self._heard, status=status, body=body, trouble=trouble, elapsed_s=elapsed_s)


class SlowReader:
    """Somebody who has read the head of an answer; see `Http.slow_reader`. `heard` has no body."""

    def __init__(self, connection: socket.socket, heard: Heard) -> None:
        self._connection, self.heard = connection, heard

    async def read(self, least_bytes: int, *, patience_s: float = 10.0) -> int:
        """Read on until so many bytes have come, or the end, or patience is over; return how many came."""
        came = 0
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(patience_s):
                while came < least_bytes:
                    part = await asyncio.get_running_loop().sock_recv(self._connection, PART)
                    if not part:
                        break
                    came += len(part)
        return came


async def _send(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # that nobody reads it shows in the answer
        await asyncio.get_running_loop().sock_sendall(connection, data)


async def _read(connection: socket.socket, patience_s: float, *, until: bytes | None) -> bytes:
    """Read to the first of these bytes or, without any, to the end; what came by then, if patience is over before."""
    came = bytearray()
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(patience_s):
            while until is None or until not in came:
                part = await asyncio.get_running_loop().sock_recv(connection, 1024)
                if not part:
                    break
                came += part
    return bytes(came)


async def _whole(answer: httpx.Response) -> bytes:
    """The body. Raises ValueError for one that is larger than anybody reads."""
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > LARGEST_BODY:
            raise ValueError(f"a body of more than {LARGEST_BODY // 1_000_000} MB")
    return bytes(body)


def _status(head: bytes) -> int | None:
    """The status of an answer; None where its head is not whole."""
    words = head.split(b" ", 2)
    whole = HEAD_END in head and len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1].isdigit()
    return int(words[1]) if whole else None


def _with(heard: Heard, **changes: Any) -> Heard:
    return Heard(**(vars(heard) | changes))


def _new_id() -> str:
    return LOOK + uuid.uuid4().hex[:16]
