"""Pricing, whatever it is written in and however it runs: its contract's tool, and what callers meet as it leaves."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from breakwater import paths

MODULE = "01-programming"
TOOLS = paths.LABS / MODULE / "tools"
LANGUAGES = ("python", "go", "java")
PRICES = {"opening-night": 4500, "quay-concert": 2500, "odd-evening": 4505, "matinee_2": 7, "gala": 999_999_999}
"""The shop's, as the contract's examples have them, and some whose tenths and fees come out otherwise."""

HALF_SENT = 4  # so many at once: more than a machine of CI has processors
SLOW_S = 1.0  # how long a slow caller takes for the rest of its request
POLL_S = 0.02
LOOK_S = 2.0
BODY = b'{"event": "opening-night", "seats": 12}'
FIELDS = f"Host: pricing\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
HEAD = f"POST /quotes HTTP/1.1\r\n{FIELDS}".encode()
READY = b"GET /readyz HTTP/1.1\r\nHost: pricing\r\nConnection: close\r\n\r\n"


def contract() -> ModuleType:
    """The tool that holds a pricing to its contract, as a module."""
    if str(TOOLS) not in sys.path:
        sys.path.insert(0, str(TOOLS))
    import contract

    return contract


def listed() -> str:
    """`PRICES` as the environment has it."""
    return " ".join(f"{event}={cents}" for event, cents in PRICES.items())


def tool(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the lab's tools."""
    command = [sys.executable, str(TOOLS / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def lay(language: str, target: Path, *, mended: bool) -> Path:
    """Copy pricing in a language, as it is handed out or mended, and return its folder."""
    crumbs = shutil.ignore_patterns("__pycache__")
    shutil.copytree(paths.BOXOFFICE / "pricing" / language, target, ignore=crumbs)
    if mended:
        mends = paths.SOLUTIONS / MODULE / "boxoffice" / "pricing" / language
        shutil.copytree(mends, target, ignore=crumbs, dirs_exist_ok=True)
    return target


@dataclass(frozen=True)
class Departure:
    """What callers met after SIGTERM, in seconds after it. `half_sent`: how requests under way were answered, if so."""

    unready_s: float | None
    refused_s: float
    half_sent: tuple[int | None, ...]


def watch_it_leave(url: str, terminate: Callable[[], object], within_s: float = 8.0) -> Departure:
    """Begin requests, `terminate` the pricing at `url`, ask until it refuses, then send the rest of what was begun."""
    address = (urlsplit(url).hostname or "", urlsplit(url).port or 80)
    begun = [socket.create_connection(address, LOOK_S) for _ in range(HALF_SENT)]
    for connection in begun:
        connection.sendall(HEAD + BODY[:9])
    assert ready(address) == 200, "requests that came in half hold others up"
    terminate()
    told = time.monotonic()
    unready_s = refused_s = None
    while refused_s is None:
        status, at_s = ready(address), time.monotonic() - told
        assert at_s < within_s, f"{at_s:.1f} s after SIGTERM it still takes requests"
        unready_s = at_s if status == 503 and unready_s is None else unready_s
        refused_s = at_s if status is None else None
        time.sleep(POLL_S)
    time.sleep(SLOW_S)
    return Departure(unready_s, refused_s, tuple(finish(connection) for connection in begun))


def ready(address: tuple[str, int]) -> int | None:
    """What /readyz answers to a new connection; None if that is refused, or closed without a word.

    (Where Docker publishes a port, its proxy is who accepts; it closes what the container refuses.)
    Raises TimeoutError for a connection that was accepted and left alone.
    """
    try:
        with socket.create_connection(address, LOOK_S) as connection:
            connection.sendall(READY)
            return status_of(connection)
    except ConnectionError:
        return None


def finish(connection: socket.socket) -> int | None:
    """Send the rest of a request; the status of its answer, or None if there came none."""
    try:
        with connection:
            connection.sendall(BODY[9:])
            return status_of(connection)
    except (ConnectionError, TimeoutError):
        return None


def status_of(connection: socket.socket) -> int | None:
    line = connection.makefile("rb").readline()
    return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else None
