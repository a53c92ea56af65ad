"""A process that imports libraries once, and forks a child for whoever asks.

Whoever asks sends how many bytes of memory the child may take with all that it starts (0: any), with descriptors. The
first is the child's *life*, a socket: a byte that is sent on it interrupts the child, and when it is closed the child
is killed; how it ended is said on it, by its exit status or as MEMORY. So a child never outlives the one for whom it
was made, and nobody needs to know its process id. The other descriptors are the child's own.

A fork copies only the thread that asks for it, so there is one thread; a library that starts another is left out.
"""

import contextlib
import ctypes
import gc
import importlib
import io
import os
import random
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import memory

MOST_DESCRIPTORS = 8
ASKED = struct.Struct("!Q")
MEMORY = "memory"
LOOKS_S = 0.05
PATCHES = frozenset({"gevent", "locust"})  # what changes the whole process when it is imported
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
prctl: Any = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: 0


@dataclass
class Child:
    """A child that lives. `slot` is the smallest number that no other living one has; `memory` what it may take."""

    life: socket.socket
    slot: int
    memory: int
    took_more: bool = False


def ask(forks: socket.socket, descriptors: Sequence[int], memory: int = 0) -> None:
    """Ask for a child at the other end of `forks`."""
    socket.send_fds(forks, [ASKED.pack(memory)], descriptors)


class Forks:
    """Serves the socket `requests`. `fork` is `os.fork`, or something like it."""

    def __init__(self, requests: socket.socket, fork: Callable[[], int] = os.fork) -> None:
        self._requests, self._fork = requests, fork
        self._children: dict[int, Child] = {}
        self._poll = select.poll()
        self._looks_at = 0.0

    def serve(self) -> tuple[int, list[int]]:
        """Fork for every request. Returns in a child, with its slot and its descriptors; never in this process."""
        wake, wake_up = _wake_on_child()
        for descriptor in (self._requests.fileno(), wake):
            self._poll.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll(LOOKS_S * 1000 if self._bounded() else None):
                if descriptor == wake:
                    os.read(wake, 4096)
                    self._reap()
                elif descriptor != self._requests.fileno():
                    self._hear(descriptor)
                elif forked := self._answer():
                    os.close(wake)
                    os.close(wake_up)
                    return forked
            self._look()

    def _bounded(self) -> list[int]:
        return [pid for pid, child in self._children.items() if child.memory and not child.took_more]

    def _look(self) -> None:
        """Kill whoever took too much memory."""
        bounded, now = self._bounded(), time.monotonic()
        if not bounded or now < self._looks_at:
            return
        self._looks_at = now + LOOKS_S
        for pid, family in memory.families(bounded).items():
            if memory.is_more(family, self._children[pid].memory):
                self._children[pid].took_more = True
                os.kill(pid, signal.SIGKILL)

    def _answer(self) -> tuple[int, list[int]] | None:
        asked, descriptors, _, _ = socket.recv_fds(self._requests, ASKED.size, MOST_DESCRIPTORS)
        if not asked:
            os._exit(0)
        life, *others = descriptors
        slot = next(n for n in range(len(self._children) + 1) if n not in {c.slot for c in self._children.values()})
        server = os.getpid()
        try:
            pid = self._fork()
        except OSError:
            pid = -1
        if pid == 0:
            os.close(life)
            self._become(server)
            return slot, others
        for descriptor in others:
            os.close(descriptor)
        if pid > 0:
            self._children[pid] = Child(socket.socket(fileno=life), slot, *ASKED.unpack(asked))
            self._poll.register(life, select.POLLIN)
        else:
            os.close(life)  # which says that there is no child
        return None

    def _become(self, server: int) -> None:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() not in (server, 0):  # 0: it is in another namespace than we are
            os._exit(1)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._requests.close()
        for child in self._children.values():
            child.life.close()
        random.seed()
        if numpy := sys.modules.get("numpy.random"):
            numpy.seed()

    def _hear(self, descriptor: int) -> None:
        pid = next((pid for pid, child in self._children.items() if child.life.fileno() == descriptor), None)
        if pid is None:  # it has ended meanwhile
            return
        try:
            said = os.read(descriptor, 1)
        except OSError:
            said = b""
        if not said:
            self._poll.unregister(descriptor)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if said else signal.SIGKILL)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                child = self._children.pop(ended[0], None)
                if child is None:
                    continue
                with contextlib.suppress(KeyError):
                    self._poll.unregister(child.life.fileno())
                with contextlib.suppress(OSError):
                    status = str(os.waitstatus_to_exitcode(ended[1]))
                    child.life.send((MEMORY if child.took_more else status).encode())
                child.life.close()


def preload(names: Sequence[str], then: Callable[[], None] = lambda: None) -> None:
    """Import what can be imported before a fork. What starts a thread cannot: this program then begins anew without."""
    for name in names:
        if name.partition(".")[0] in PATCHES:
            continue
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            contextlib.suppress(Exception, SystemExit),
        ):
            importlib.import_module(name)
        if _threads() > 1:
            os.execv(sys.executable, [word for word in sys.orig_argv if word != name])
    then()
    gc.collect()
    gc.freeze()
    prctl(PR_SET_DUMPABLE, 0)  # what we fork has our user, and must not look into us
    assert _threads() == 1, "a fork would lose threads"


def _threads() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


def _wake_on_child() -> tuple[int, int]:
    """A pipe that can be read when a child has ended."""
    wake, wake_up = os.pipe()
    os.set_blocking(wake_up, False)
    signal.set_wakeup_fd(wake_up)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return wake, wake_up
