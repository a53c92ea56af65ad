"""Keeps the process that reads submitted notebooks in the sandbox (see `inside/interpreter/reader.py`).

There is one, since it knows nothing of an assignment. It starts with the first notebook, if nobody started it before,
and ends when we do.
"""

import socket
import subprocess
import sys
import threading
from functools import cache

from autograder import confined, sandbox
from autograder.inside.interpreter.crossing.channel import Channel, Lost, Message
from breakwater.errors import EngineTrouble

PATIENCE_S = 60.0  # a notebook that takes too much processor time has ended the reader long before
TOO_MUCH = "reading it takes too much, or ends whoever reads it"


class Reader:
    """Reads notebooks, one at a time, from whatever thread it is asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._caller: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False

    def read(self, file: int) -> Message:
        """What the reader says of a file, a descriptor: `{"notebook": …}` or `{"reason": …}`.

        Raises:
            NoSandbox: this machine cannot confine the reader.
            EngineTrouble: it does not start.
        """
        sandbox.require()
        with self._lock:
            for _ in range(2):  # if it ends, it was the notebook; once may be chance
                caller = self._started()
                try:
                    socket.send_fds(caller, [b"!"], [file])
                    return Channel(caller).read()
                except (Lost, OSError):
                    self._end()
        return {"reason": TOO_MUCH}

    def start(self) -> None:
        """Start, and do not wait until it can read."""
        with self._lock:
            self._begin()

    def _begin(self) -> socket.socket:
        if self._caller is None:
            self._caller, theirs = socket.socketpair()
            self._caller.settimeout(PATIENCE_S)
            with theirs:
                command = [sys.executable, "-m", "interpreter.reader", str(theirs.fileno())]
                self._process = confined.start(command, {}, theirs)
        return self._caller

    def _started(self) -> socket.socket:
        caller = self._begin()
        if not self._is_ready:
            try:
                Channel(caller).read()
            except Lost:
                self._end()
                raise EngineTrouble("The process that reads notebooks does not start.") from None
            self._is_ready = True
        return caller

    def _end(self) -> None:
        if self._caller and self._process:
            self._caller.close()
            self._process.kill()
            self._process.wait()
        self._caller, self._is_ready = None, False


@cache
def reader() -> Reader:
    """This process's."""
    return Reader()
