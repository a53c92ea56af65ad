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

LONGEST = 16 << 20  # bytes of a message
HEAD = struct.Struct("!I")
Message = dict[str, Any]


class Lost(Exception):
    """The process at the other end is gone, or says what nobody understands."""


class Channel:
    """Our end of a socket. `attend`, if given, is called before each wait for bytes of the other end.

    Threads may send side by side. Where this process may be interrupted (`is_interrupted`), that waits for the end of a
    message, of which half would have gone.
    """

    def __init__(
        self, connection: socket.socket, attend: Callable[[], None] | None = None, *, is_interrupted: bool = False
    ) -> None:
        self._socket, self._attend, self._is_interrupted = connection, attend, is_interrupted
        self._sending = threading.RLock()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Raises Lost; CannotCross where it is too long."""
        data = json.dumps(message).encode()
        if len(data) > LONGEST:
            raise CannotCross(f"more than {LONGEST >> 20} MB at once")
        with self._sending, _uninterrupted() if self._is_interrupted else nullcontext():
            try:
                self._socket.sendall(HEAD.pack(len(data)) + data)
            except OSError as error:
                raise Lost("the other process is gone") from error

    def read(self) -> Message:
        """The next message. Raises Lost."""
        (length,) = HEAD.unpack(self._bytes(HEAD.size))
        if length > LONGEST:
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
