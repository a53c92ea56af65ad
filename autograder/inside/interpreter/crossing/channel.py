"""Messages over a socket: each an object of JSON behind its length."""

import json
import signal
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from typing import Any

from .values import CannotCross

LONGEST, TRUSTED = 24 << 20, 1 << 30  # bytes of a message; and between processes that are both ours
HEAD = struct.Struct("!I")
Message = dict[str, Any]


class Lost(Exception):
    """The process at the other end is gone, or says what nobody understands."""


class Channel:
    """Our end of a socket. `attend`, if given, is called before each wait for bytes of the other end.

    A message has `longest` bytes at most. Threads may send side by side. Where this process may be interrupted
    (`is_interrupted`), that waits for the end of a message, of which half would have gone.
    """

    def __init__(
        self,
        connection: socket.socket,
        attend: Callable[[], None] | None = None,
        *,
        is_interrupted: bool = False,
        longest: int = LONGEST,
    ) -> None:
        self._socket, self._attend, self._is_interrupted = connection, attend, is_interrupted
        self._longest, self._sending = longest, threading.RLock()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Raises Lost; CannotCross where it is too long."""
        data = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")  # as json.loads decodes it
        if len(data) > self._longest:
            raise CannotCross(f"more than {self._longest >> 20} MB at once")
        with self._sending, _uninterrupted() if self._is_interrupted else nullcontext():
            try:
                self._socket.sendall(HEAD.pack(len(data)) + data)
            except OSError as error:
                raise Lost("the other process is gone") from error

    def has_news(self) -> bool:
        """Whether `read` need not wait: something has come, or nothing will come any more."""
        try:
            self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def read(self) -> Message:
        """The next message. Raises Lost."""
        (length,) = HEAD.unpack(self._bytes(HEAD.size))
        if length > self._longest:
            raise Lost("the other process says too much at once")
        try:
            message = json.loads(self._bytes(length))
        except (ValueError, RecursionError) as error:
            raise Lost("the other process says what nobody understands") from error
        if not isinstance(message, dict):
            raise Lost("the other process says what nobody understands")
        return message

    def close(self) -> None:
        self._socket.close()

    def _bytes(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            if self._attend:
                self._attend()
            try:
                part = self._socket.recv(min(count - len(data), 1 << 20))
            except OSError as error:
                raise Lost("the other process is gone") from error
            if not part:
                raise Lost("the other process is gone")
            data += part
        return bytes(data)


@contextmanager
def _uninterrupted() -> Any:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
