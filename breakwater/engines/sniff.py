"""Reads along with HTTP as it passes through a proxy: requests, request ids, how each was answered.

HTTP/1.1 is read here, HTTP/2 (and so gRPC) in `sniff_http2`; the first bytes tell which. A library (h11, httptools)
parses a message to serve it, and refuses what it cannot serve. Here nothing may be refused or changed, only heads
matter, and each microsecond is paid on every hop: hence these few lines. What is neither is carried and not read.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

MAX_HEAD = 32 * 1024
MAX_LINE = 200
MAX_PIPELINED = 1000
METHODS = (b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"HEAD ", b"OPTIONS ")
HTTP_2 = b"PRI * HTTP/2.0"
STARTS = (*METHODS, HTTP_2)


@dataclass(slots=True)
class Record:
    """An exchange in the making; `breakwater.engines.Exchange` is what a caller is given of it."""

    request: str
    request_id: str
    asked_at: float
    answered_at: float | None = None
    status: int | str | None = None
    left_at: float | None = None


Hear = Callable[[Record], None]
Now = Callable[[], float]


class Reader(Protocol):
    """Reads both directions of one connection. `blind` says that it gave up."""

    @property
    def blind(self) -> bool: ...

    def request(self, data: bytes) -> None:
        """Bytes that the caller sent."""

    def answer(self, data: bytes) -> None:
        """Bytes that the caller was given."""

    def left(self) -> None:
        """The caller asks for nothing any more, and waits for nothing."""


class _Messages:
    """One direction of a connection: calls `on_head` for each head, and skips bodies.

    `on_head` returns how the body is framed: a length in bytes, CHUNKED or TO_THE_END.
    """

    CHUNKED = -1
    TO_THE_END = -2

    def __init__(self, on_head: Callable[[bytes, dict[bytes, bytes]], int]) -> None:
        self._on_head = on_head
        self._buffer = bytearray()
        self._skip = 0
        self._chunked = False
        self.blind = False

    def feed(self, data: bytes) -> None:
        """Read on. After anything that is not HTTP/1.1, `blind` is set and the rest is ignored."""
        if self.blind:
            return
        if self._skip >= len(data) and not self._buffer:
            self._skip -= len(data)
            return
        self._buffer += data
        while self._buffer and not self.blind and self._step():
            pass

    def _step(self) -> bool:
        """Consume one part of a message; False if more data is needed."""
        if self._skip:
            taken = min(self._skip, len(self._buffer))
            del self._buffer[:taken]
            self._skip -= taken
            return not self._skip
        return self._chunk() if self._chunked else self._head()

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            self.blind = len(self._buffer) > MAX_HEAD
            return False
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        self._frame(self._on_head(first, headers))
        return True

    def _frame(self, length: int) -> None:
        self._chunked = length == self.CHUNKED
        self.blind = self.blind or length == self.TO_THE_END
        self._skip = max(length, 0)

    def _chunk(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            self.blind = len(self._buffer) > MAX_HEAD
            return False
        line = bytes(self._buffer[:end])
        try:
            size = int(line.split(b";")[0], 16) if line else None
        except ValueError:
            # A trailer field after the last chunk.
            size = None if b":" in line else self.TO_THE_END
        if size is not None and size < 0:
            size = self.TO_THE_END
        del self._buffer[: end + 2]
        self._after_chunk_line(line, size)
        return True

    def _after_chunk_line(self, line: bytes, size: int | None) -> None:
        if size == self.TO_THE_END:
            self.blind = True
        elif size:
            self._skip = size + 2
        elif not line:
            self._chunked = False


class Sniffer:
    """Both directions of one connection. `on_record` is told of each request as soon as its head is complete."""

    def __init__(self, on_record: Hear, now: Now) -> None:
        self._on_record = on_record
        self._now = now
        self._reader: Reader | None = None
        # Kept until the first bytes of the request have told what is spoken; a server may be the first to speak.
        self._asked = b""
        self._answered = b""

    @property
    def blind(self) -> bool:
        """Whether the reading was given up, in either direction."""
        return self._reader is not None and self._reader.blind

    def request(self, data: bytes) -> None:
        """Bytes that the caller sent."""
        if self._reader:
            return self._reader.request(data)
        self._asked += data
        if not any(start.startswith(self._asked) for start in STARTS):
            self._read_as(self._spoken())

    def answer(self, data: bytes) -> None:
        """Bytes that the caller was given."""
        if self._reader:
            return self._reader.answer(data)
        self._answered += data
        if len(self._answered) > MAX_HEAD:
            self._read_as(_Unread())

    def left(self) -> None:
        """The caller has gone."""
        if self._reader:
            self._reader.left()

    def _spoken(self) -> Reader:
        if self._asked.startswith(METHODS):
            return _Http1(self._on_record, self._now)
        if self._asked.startswith(HTTP_2):
            from breakwater.engines.sniff_http2 import Http2  # costs a start what most shops never need

            return Http2(self._on_record, self._now)
        return _Unread()

    def _read_as(self, reader: Reader) -> None:
        self._reader = reader
        reader.request(self._asked)
        reader.answer(self._answered)
        self._asked = self._answered = b""


class _Unread:
    """Something else."""

    blind = True

    def request(self, data: bytes) -> None:
        pass

    def answer(self, data: bytes) -> None:
        pass

    def left(self) -> None:
        pass


class _Http1:
    """HTTP/1.1."""

    def __init__(self, on_record: Hear, now: Now) -> None:
        self._on_record = on_record
        self._now = now
        self._waiting: deque[Record] = deque()
        self._requests = _Messages(self._request)
        self._answers = _Messages(self._answer)

    @property
    def blind(self) -> bool:
        return self._requests.blind or self._answers.blind

    def request(self, data: bytes) -> None:
        self._requests.feed(data)

    def answer(self, data: bytes) -> None:
        self._answers.feed(data)

    def left(self) -> None:
        give_up(self._waiting, self._now())

    def _request(self, first: bytes, headers: dict[bytes, bytes]) -> int:
        words = first.split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return _Messages.TO_THE_END
        line = b" ".join(words[:2])[:MAX_LINE].decode("latin-1")
        record = Record(line, request_id(headers), self._now())
        self._waiting.append(record)
        self._on_record(record)
        return _body(headers, otherwise=0) if len(self._waiting) < MAX_PIPELINED else _Messages.TO_THE_END

    def _answer(self, first: bytes, headers: dict[bytes, bytes]) -> int:
        words = first.split(b" ", 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit() or not self._waiting:
            return _Messages.TO_THE_END
        status = int(words[1])
        if 100 <= status < 200:
            return _Messages.TO_THE_END if status == 101 else 0
        record = self._waiting.popleft()
        record.status, record.answered_at = status, self._now()
        record.request_id = record.request_id or request_id(headers)
        if status in (204, 304) or record.request.startswith("HEAD "):
            return 0
        return _body(headers, otherwise=_Messages.TO_THE_END)


def give_up(waiting: Iterable[Record], at: float) -> None:
    """Note that nobody waits for these any more."""
    for record in waiting:
        record.left_at = record.left_at or at


def request_id(headers: dict[bytes, bytes]) -> str:
    """The id that a message carries; empty if it has none."""
    return headers.get(b"x-request-id", b"")[:MAX_LINE].decode("latin-1")


def _body(headers: dict[bytes, bytes], *, otherwise: int) -> int:
    if headers.get(b"transfer-encoding", b"").lower().endswith(b"chunked"):
        return _Messages.CHUNKED
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 16 else otherwise
