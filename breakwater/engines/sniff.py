"""Reads along with HTTP/1.1 as it passes through a proxy: request lines, request ids, status lines.

A library (h11, httptools) parses a message to serve it, and refuses what it cannot serve. Here nothing may be
refused or changed, only heads matter, and each microsecond is paid on every hop: hence these few lines. What is not
HTTP/1.1 is carried and not read.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MAX_HEAD = 32 * 1024
MAX_LINE = 200
MAX_PIPELINED = 1000
METHODS = (b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"HEAD ", b"OPTIONS ")


@dataclass(slots=True)
class Record:
    """An exchange in the making; `breakwater.engines.Exchange` is what a caller is given of it."""

    request: str
    request_id: str
    asked_at: float
    answered_at: float | None = None
    status: int | None = None


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

    def __init__(self, on_record: Callable[[Record], None], now: Callable[[], float]) -> None:
        self._on_record = on_record
        self._now = now
        self._waiting: deque[Record] = deque()
        self._requests = _Messages(self._request)
        self._answers = _Messages(self._answer)
        self._started = False

    @property
    def blind(self) -> bool:
        """Whether the reading was given up, in either direction."""
        return self._requests.blind or self._answers.blind

    def request(self, data: bytes) -> None:
        """Bytes that the caller sent."""
        if not self._started:
            self._started = True
            self._requests.blind = self._answers.blind = not data.startswith(METHODS)
        self._requests.feed(data)

    def answer(self, data: bytes) -> None:
        """Bytes that the caller was given."""
        self._answers.feed(data)

    def _request(self, first: bytes, headers: dict[bytes, bytes]) -> int:
        words = first.split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return _Messages.TO_THE_END
        line = b" ".join(words[:2])[:MAX_LINE].decode("latin-1")
        record = Record(line, _request_id(headers), self._now())
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
        record.request_id = record.request_id or _request_id(headers)
        if status in (204, 304) or record.request.startswith("HEAD "):
            return 0
        return _body(headers, otherwise=_Messages.TO_THE_END)


def _request_id(headers: dict[bytes, bytes]) -> str:
    return headers.get(b"x-request-id", b"")[:MAX_LINE].decode("latin-1")


def _body(headers: dict[bytes, bytes], *, otherwise: int) -> int:
    if headers.get(b"transfer-encoding", b"").lower().endswith(b"chunked"):
        return _Messages.CHUNKED
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 16 else otherwise
