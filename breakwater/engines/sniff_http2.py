"""Reads along with HTTP/2, and so with gRPC, as it passes through a proxy (RFC 9113, RFC 7541).

Frames and header blocks are taken apart by hyperframe and hpack, which parse and answer nothing. Bodies are skipped
unread. The memory is bounded: by the size of a header block, of its table, and by the number of open requests. At the
first thing that cannot be read, the reading of that direction ends, and the bytes travel on.
"""

from collections.abc import Callable

from hpack import Decoder
from hyperframe.frame import ContinuationFrame, Frame, HeadersFrame, PushPromiseFrame, RstStreamFrame

from breakwater.engines.sniff import MAX_HEAD, MAX_LINE, MAX_PIPELINED, Hear, Now, Record, give_up, request_id

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD = 9
MAX_TABLE = 64 * 1024
GRPC_CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
"""The names of gRPC's status codes, by number."""

Headers = dict[bytes, bytes]


class Http2:
    """Both directions of one connection. A gRPC call's status is its code's name, since its HTTP status is 200."""

    def __init__(self, on_record: Hear, now: Now) -> None:
        self._on_record = on_record
        self._now = now
        self._waiting: dict[int, Record] = {}
        self._requests = _Frames(self._request, self._cancelled, begins_with=PREFACE)
        self._answers = _Frames(self._answer, self._refused)

    @property
    def blind(self) -> bool:
        return self._requests.blind or self._answers.blind

    def request(self, data: bytes) -> None:
        self._requests.feed(data)

    def answer(self, data: bytes) -> None:
        self._answers.feed(data)

    def left(self) -> None:
        give_up(self._waiting.values(), self._now())

    def _request(self, stream: int, headers: Headers) -> None:
        if b":method" not in headers:
            return  # what a caller says at the end of its request
        if len(self._waiting) >= MAX_PIPELINED:
            raise ValueError("too many requests without an answer")
        line = b" ".join((headers[b":method"], headers[b":path"]))[:MAX_LINE].decode("latin-1")
        record = self._waiting[stream] = Record(line, request_id(headers), self._now())
        self._on_record(record)

    def _answer(self, stream: int, headers: Headers) -> None:
        status = status_of(headers)
        record = self._waiting.pop(stream, None) if status is not None else None
        if record:
            record.status, record.answered_at = status, self._now()

    def _cancelled(self, stream: int) -> None:
        """The caller gave the request up."""
        if record := self._waiting.pop(stream, None):
            give_up([record], self._now())

    def _refused(self, stream: int) -> None:
        """The callee gave the request up: there will be no answer."""
        self._waiting.pop(stream, None)


class _Frames:
    """One direction of a connection: calls `on_headers` for each block of headers, `on_reset` for each stream cut."""

    def __init__(
        self, on_headers: Callable[[int, Headers], None], on_reset: Callable[[int], None], begins_with: bytes = b""
    ) -> None:
        self._on_headers = on_headers
        self._on_reset = on_reset
        self._begin = begins_with
        self._decoder = Decoder()
        self._decoder.max_allowed_table_size = MAX_TABLE  # what the two agree on is their own affair
        self._buffer = bytearray()
        self._skip = 0
        self._block: bytearray | None = None
        self.blind = False

    def feed(self, data: bytes) -> None:
        """Read on. After anything that cannot be read, `blind` is set and the rest is ignored."""
        if self.blind:
            return
        if self._skip >= len(data) and not self._buffer:
            self._skip -= len(data)
            return
        self._buffer += data
        try:
            while self._step():
                pass
        except Exception:  # whatever the libraries make of odd bytes must not reach those who exchange them
            self.blind = True
            self._buffer.clear()

    def _step(self) -> bool:
        """Consume one part of what has come; False if more is needed."""
        if self._begin:
            return self._consume_begin()
        if self._skip:
            taken = min(self._skip, len(self._buffer))
            del self._buffer[:taken]
            self._skip -= taken
            return not self._skip
        if len(self._buffer) < FRAME_HEAD:
            return False
        frame, length = Frame.parse_frame_header(memoryview(bytes(self._buffer[:FRAME_HEAD])))
        if isinstance(frame, HeadersFrame | ContinuationFrame | RstStreamFrame | PushPromiseFrame):
            return self._frame(frame, length)
        del self._buffer[:FRAME_HEAD]
        self._skip = length
        return True

    def _consume_begin(self) -> bool:
        begin, self._begin = self._begin, b""
        if len(self._buffer) < len(begin):
            self._begin = begin
            return False
        if not self._buffer.startswith(begin):
            raise ValueError("it is not HTTP/2")
        del self._buffer[: len(begin)]
        return True

    def _frame(self, frame: Frame, length: int) -> bool:
        if length > MAX_HEAD or isinstance(frame, PushPromiseFrame):
            raise ValueError("it is not read")
        end = FRAME_HEAD + length
        if len(self._buffer) < end:
            return False
        frame.parse_body(memoryview(bytes(self._buffer[FRAME_HEAD:end])))
        del self._buffer[:end]
        if isinstance(frame, RstStreamFrame):
            self._on_reset(frame.stream_id)
        elif isinstance(frame, HeadersFrame | ContinuationFrame):
            self._part(frame)
        return True

    def _part(self, frame: HeadersFrame | ContinuationFrame) -> None:
        """A part of a block of headers: the first, or one that continues it."""
        if isinstance(frame, HeadersFrame) is (self._block is not None):
            raise ValueError("a block of headers that is not continued, or one that never began")
        self._block = (self._block or bytearray()) + frame.data
        if len(self._block) > MAX_HEAD:
            raise ValueError("it is too large")
        if "END_HEADERS" in frame.flags:
            headers = dict(self._decoder.decode(bytes(self._block), raw=True))
            self._block = None
            self._on_headers(frame.stream_id, headers)


def status_of(headers: Headers) -> int | str | None:
    """How a request was answered; None where the headers do not say it yet."""
    code = headers.get(b"grpc-status")
    if code is not None:
        return GRPC_CODES[int(code)] if code.isdigit() and int(code) < len(GRPC_CODES) else code.decode("latin-1")
    status = int(headers.get(b":status", b"0"))
    told_at_the_end = status == 200 and headers.get(b"content-type", b"").startswith(b"application/grpc")
    return None if told_at_the_end or status < 200 else status
