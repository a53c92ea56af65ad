"""Ports on 127.0.0.1, chosen at run time and kept for as long as the shop runs."""

import socket
from dataclasses import dataclass, field

from breakwater.engines.process import LINUX


@dataclass
class Port:
    """A port that nobody else on this machine is given.

    On Linux a bound socket that never listens keeps the number: a server that sets SO_REUSEADDR (all do) can
    listen on it, a connection is refused while none does, and the kernel gives it to no one else. On other
    systems the number is only free at the time of asking.
    """

    number: int
    _keeper: socket.socket | None = field(default=None, repr=False)

    def release(self) -> None:
        if self._keeper:
            self._keeper.close()
            self._keeper = None


def reserve(number: int = 0, host: str = "127.0.0.1") -> Port:
    """Return a free port of `host`, or the one of this number. Raises OSError where that is taken."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        keeper.bind((host, number))
    except OSError:
        keeper.close()
        raise
    number = int(keeper.getsockname()[1])
    if LINUX:
        return Port(number, keeper)
    keeper.close()
    return Port(number)
