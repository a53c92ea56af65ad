"""Meters: what is downloaded (through a proxy that counts) and what memory a tree of processes takes."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

BLOCK = 64 * 1024
SAMPLE_EVERY_S = 0.1
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass
class Bytes:
    """Bytes that came from outside; None where that cannot be known."""

    count: int | None = 0


@contextmanager
def downloads(environment: Mapping[str, str]) -> Iterator[tuple[Bytes, dict[str, str]]]:
    """Yield a count, and the environment in which pip and uv download through it.

    A machine that needs a proxy of its own keeps it, and the count is None.
    """
    if any(environment.get(name) or environment.get(name.upper()) for name in PROXIES):
        yield Bytes(None), dict(environment)
        return
    seen = Bytes()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, seen), daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        through = {spelt: address for name in PROXIES[:2] for spelt in (name, name.upper())}
        yield seen, {**environment, **through}


def _accept(server: socket.socket, seen: Bytes) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return  # closed: the measurement is over
        threading.Thread(target=_tunnel, args=(client, seen), daemon=True).start()


def _tunnel(client: socket.socket, seen: Bytes) -> None:
    """Serve one CONNECT: what is inside is TLS between the two ends, and only its bytes are counted."""
    with client, suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head and (more := client.recv(BLOCK)):
            head += more
        method, _, rest = head.partition(b" ")
        host, _, port = rest.split(b" ")[0].decode().rpartition(":")
        if method != b"CONNECT":
            client.sendall(b"HTTP/1.1 405 Only CONNECT\r\n\r\n")
            return
        with socket.create_connection((host, int(port)), timeout=60) as outside:
            outside.settimeout(None)
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            sending = threading.Thread(target=_pump, args=(client, outside, Bytes()), daemon=True)
            sending.start()
            _pump(outside, client, seen)


def _pump(source: socket.socket, target: socket.socket, seen: Bytes) -> None:
    with suppress(OSError):
        while data := source.recv(BLOCK):
            seen.count = (seen.count or 0) + len(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@dataclass(frozen=True)
class Sample:
    """Bytes of memory at a moment, in seconds from the start: of a process with all below it, each shared page counted
    once, and what of it nobody but the process itself has. `done` says how far its work was then."""

    at_s: float
    tree: int
    own: int
    done: int = 0


class Memory:
    """Samples the memory of a process and all below it. `done` is asked each time how far its work is."""

    def __init__(self, pid: int, every_s: float = SAMPLE_EVERY_S, done: Callable[[], int] = lambda: 0) -> None:
        self.samples: list[Sample] = []
        self._root, self._every_s, self._done = psutil.Process(pid), every_s, done
        self._began = time.perf_counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    @property
    def peak(self) -> int:
        return max((sample.tree for sample in self.samples), default=0)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(self._every_s):
            with suppress(psutil.Error):
                at_s, below = time.perf_counter() - self._began, self._root.children(recursive=True)
                tree, own = sum(map(_size, [self._root, *below])), self._root.memory_full_info().uss
                if own:  # else it has ended
                    self.samples.append(Sample(at_s, tree, own, self._done()))


def _size(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError, OSError):
        with suppress(psutil.Error):
            return int(process.memory_info().rss)
    return 0


def mib(size: int) -> float:
    return round(size / 1024 / 1024, 1)
