"""What there is to be called on the grader's machine, and who called."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Listening:
    """Servers of this machine, and who called there by name."""

    def __init__(self, *servers: socket.socket) -> None:
        self.port, self._said = int(servers[0].getsockname()[1]), b""
        for server in servers:
            threading.Thread(target=self._serve, args=[server], daemon=True).start()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                if server.type == socket.SOCK_DGRAM:
                    self._said += server.recv(100)
                    continue
                peer, _ = server.accept()
                with peer:
                    peer.settimeout(1)
                    self._said += peer.recv(100)
            except OSError:
                if server.fileno() < 0:
                    return

    def heard(self, name: str) -> str:
        return "the network" if name.encode() in self._said else ""


@contextmanager
def listening() -> Iterator[Listening]:
    """Listen on a port, TCP and UDP, and on an abstract address that is named after the port."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        udp.bind(tcp.getsockname())
        abstract.bind(f"\0siege-{tcp.getsockname()[1]}")
        abstract.listen()
        yield Listening(tcp, udp, abstract)
        for server in (tcp, udp, abstract):
            server.close()
