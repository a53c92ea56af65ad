"""Child processes of a supervisor: started, watched and ended so that none outlives it.

On Linux the kernel ends a child when its parent dies (PR_SET_PDEATHSIG). That is bound to the *thread* which
started the child: all children are started from the supervisor's main thread, and it has no other. On other systems
the process groups are written down (see `supervisor`), and the next command ends them.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from breakwater.engines.forkserver import PR_SET_CHILD_SUBREAPER, prctl
from breakwater.engines.forkserver import die_with_parent as die_with_parent

LINUX: bool = sys.platform == "linux"
LOG_BYTES = 4 * 1024 * 1024
"""A log is kept up to twice this size; then its older half is dropped."""


@dataclass(frozen=True)
class Program:
    """What to run: `command` in `folder` with exactly `environment`, output to the file `log`.

    `end_with` is the signal that the kernel sends when the supervisor dies. `walls` is the name of the walls behind
    which it runs (see `isolation`): programs of one name share them; none for an empty name.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    log: Path
    end_with: signal.Signals = signal.SIGKILL
    walls: str = ""


class Log:
    """A log file bounded in size; the newest lines win."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk loses lines, not the shop
            if self._file.tell() > LOG_BYTES:
                self._file.close()
                self._path.replace(self._path.with_suffix(".old"))
                self._file = self._path.open("ab", buffering=0)
            self._file.write(data)

    def close(self) -> None:
        self._file.close()


class Process:
    """A running child and its process group. `exited` is its exit status once it ended (negative: a signal)."""

    def __init__(
        self, pid: int, output: int, log: Path, on_kill: Callable[[], None] | None = None, *, wrapped: bool = False
    ) -> None:
        self.pid = pid
        self._is_wrapped = wrapped  # in a program of ours, which passes no signal on
        self._on_kill = on_kill
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._output = output
        self._log = Log(log)
        self._drained = asyncio.Event()
        os.set_blocking(output, False)
        asyncio.get_running_loop().add_reader(output, self._pump)

    @property
    def alive(self) -> bool:
        return not self.exited.done()

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the child and all that it started. No error if they have ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End the child, and all that it started, at once."""
        self.signal_group(signal.SIGKILL)
        if self._on_kill:
            self._on_kill()

    async def stop(self, grace_s: float, first: signal.Signals = signal.SIGTERM) -> None:
        """Ask the child to end; after `grace_s` seconds end it, and in any case whatever it started.

        What it started is its own to tell, as in a container.
        """
        if self.alive:
            self.signal_group(signal.SIGCONT)  # one that is paused must hear of it
            if self._is_wrapped:
                self.signal_group(first)
            else:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(self.pid, first)
            await asyncio.wait([self.exited], timeout=grace_s)
        self.kill()
        await self.wait()

    async def wait(self) -> int:
        """Return its exit status once it has ended."""
        return await asyncio.shield(self.exited)

    async def drained(self) -> None:
        """Wait, for a short while, until what a child said before its end is in the log."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._drained.wait(), 0.5)

    def ended(self, status: int) -> None:
        """To be called by whoever reaps the child."""
        if self.alive:
            self.exited.set_result(status)
        self._pump()

    def _pump(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._output, 65536) if self._output >= 0 else b""
            if data:
                self._log.write(data)
            elif self._output >= 0:
                self._close()

    def _close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._output)
        os.close(self._output)
        self._output = -1
        self._log.close()
        self._drained.set()


class Launcher(Protocol):
    """A way to turn a program into a process."""

    async def warm(self, all_walls: Iterable[str]) -> None:
        """Begin whatever makes the first start behind each of these walls faster."""

    async def start(self, program: Program) -> Process:
        """Start `program` in a process group of its own."""

    def close(self) -> None:
        """End whatever the launcher itself keeps running."""


class PlainLauncher:
    """A new interpreter a service; walls of its own for each that has any. `shop` is the folder to show there."""

    def __init__(self, shop: Path | None = None) -> None:
        self._shop = shop

    async def warm(self, all_walls: Iterable[str]) -> None:
        pass

    async def start(self, program: Program, *, pass_fds: Sequence[int] = ()) -> Process:
        is_wrapped = bool(program.walls and self._shop)
        if program.walls and self._shop:
            from breakwater.engines.isolation import isolated

            program = isolated(program, self._shop)
        output, its_output = os.pipe()
        try:
            child = subprocess.Popen(  # noqa: ASYNC220  (takes a few ms; a thread would break the promise above)
                program.command,
                cwd=program.folder,
                env=dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=its_output,
                stderr=subprocess.STDOUT,
                process_group=0,
                pass_fds=pass_fds,
                preexec_fn=_dies_with_parent(program.end_with),
            )
        finally:
            os.close(its_output)
        process = Process(child.pid, output, program.log, wrapped=is_wrapped)
        _watch(child, process)
        return process

    def close(self) -> None:
        pass


def adopt_orphans() -> None:
    """Become the parent of whatever our children leave behind when they end (Linux only)."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_orphans() -> None:
    """End every child that is left, and what these leave behind (Linux only)."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while LINUX and children.exists() and (pids := children.read_text().split()):
        for pid in map(int, pids):
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    parent = os.getpid()
    return (lambda: die_with_parent(parent, number)) if LINUX else None


def _watch(child: "subprocess.Popen[bytes]", process: Process) -> None:
    """Reap `child` as soon as it ends, without a thread."""
    loop = asyncio.get_running_loop()
    if not LINUX:
        _poll(child, process)
        return
    handle = os.pidfd_open(child.pid)

    def reap() -> None:
        loop.remove_reader(handle)
        os.close(handle)
        process.ended(child.wait())

    loop.add_reader(handle, reap)


def _poll(child: "subprocess.Popen[bytes]", process: Process) -> None:
    if child.poll() is None:
        asyncio.get_running_loop().call_later(0.01, _poll, child, process)
    else:
        process.ended(child.returncode)


def tail(log: Path, lines: int = 40) -> tuple[str, ...]:
    """The last lines of a log, oldest first; empty if there is none."""
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            return tuple(line.rstrip("\n") for line in deque(file, lines))
    except OSError:
        return ()
