"""An interpreter that imports the libraries once, and forks a service on request (Linux).

It runs as `python forkserver.py SOCKET [walled]`, outside walls or inside (see `isolation`), and so needs nothing but
the standard library. A fork copies only the thread that asks for it, so it has one thread, which is asserted, and
touches neither event loops nor connections. What it forks is its child: when it dies, they die.

A request is one message, JSON, with the descriptor to write to: `{"id", "name", "command", "folder", "environment",
"end_with"}`; or `{"clear": true}`, which ends everything behind the walls. Said back are `{}` when the imports are
done, `{"started": id}` by the child itself (its message carries its process id, which inside is another),
`{"ended": id, "status"}`, `{"failed": id, "why"}`.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, NoReturn

# What a service of this shop has imported by the time that it answered its first request.
PRELOADED = (
    "alembic.command",
    "alembic.config",
    "anyio._backends._asyncio",
    "asyncpg",
    "fastapi",
    "grpc.aio",
    "grpc_health.v1.health",
    "httpcore",
    "httpx",
    "pydantic.v1",
    "pydantic_settings",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.ext.asyncio",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
FORKABLE = {"uvicorn": "uvicorn.main:main", "alembic": "alembic.config:main"}
"""Commands that are a function in Python, and where it is. So is `python -m`; any other is executed as it is."""

EXECUTED = ("--workers", "--reload")
"""Options by which a command starts interpreters of its own: it is executed, not forked."""

MAX_MESSAGE = 64 * 1024
SCRATCH = ("/tmp", "/dev/shm")
"""The folders behind walls that can be written to."""

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
prctl: Any = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: 0


def die_with_parent(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send `number` to this process when `parent` dies (Linux only; else nothing is done)."""
    prctl(PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:
        os._exit(1)


class ForkServer:
    """Serves one socket. `walled` says that everything else that runs here came from us."""

    def __init__(self, connection: socket.socket, *, walled: bool) -> None:
        self._connection = connection
        self._walled = walled
        self._children: dict[int, int] = {}

    def serve(self) -> Callable[[], Any]:
        """Fork a child for every request. Returns in the child, with what it has to run; never in the server."""
        _import_all()
        prctl(PR_SET_DUMPABLE, 0)  # what we fork has our user, and must not look into us
        self._say({})
        wake = _wake_on_child()
        while True:
            ready, _, _ = select.select([self._connection.fileno(), wake], [], [])
            if wake in ready:
                os.read(wake, 4096)
                self._report_ended()
            if self._connection.fileno() in ready:
                run = self._answer_one()
                if run:
                    return run

    def _answer_one(self) -> Callable[[], Any] | None:
        message, descriptors, _, _ = socket.recv_fds(self._connection, MAX_MESSAGE * 2, 1)
        if not message:
            os._exit(0)
        request = json.loads(message)
        if "clear" in request:
            self._clear()
            return None
        try:
            return self._fork(request, descriptors[0])
        except OSError as error:
            self._say({"failed": request["id"], "why": str(error.strerror)})
            return None
        finally:
            os.close(descriptors[0])

    def _fork(self, request: dict[str, Any], output: int) -> Callable[[], Any] | None:
        server = os.getpid()
        pid = os.fork()
        if not pid:
            return _become(request, output, server, self._connection)
        self._children[pid] = request["id"]
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        return None

    def _report_ended(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                number = self._children.pop(pid, None)
                if number is not None:
                    self._say({"ended": number, "status": os.waitstatus_to_exitcode(status)})

    def _clear(self) -> None:
        """End every other process behind the walls, and empty the folders that they could write to."""
        if not self._walled:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        for folder in SCRATCH:
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)

    def _say(self, message: dict[str, Any]) -> None:
        self._connection.send(json.dumps(message).encode())


def _import_all() -> None:
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    assert threading.active_count() == len(os.listdir("/proc/self/task")) == 1, "a fork would lose threads"


def _wake_on_child() -> int:
    """A descriptor that can be read when a child has ended."""
    wake, wake_up = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_up)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return wake


def _become(request: dict[str, Any], output: int, server: int, connection: socket.socket) -> Callable[[], Any]:
    """Turn a fresh child into the process that was asked for."""
    os.setpgid(0, 0)
    prctl(PR_SET_NAME, request["name"].encode())
    prctl(PR_SET_DUMPABLE, 1)
    die_with_parent(server, signal.Signals(request["end_with"]))
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    connection.send(json.dumps({"started": request["id"]}).encode())
    connection.close()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    command = request["command"]
    if any(option in command for option in EXECUTED):
        _execute(command)
    if command[:2] == ["python", "-m"] and len(command) > 2:
        return _as_if_started(command[2:], _module(command[2]))
    if command[0] in FORKABLE:
        return _as_if_started(command, _function(FORKABLE[command[0]]))
    _execute(command)


def _as_if_started(arguments: list[str], run: Callable[[], Any]) -> Callable[[], Any]:
    """Make this interpreter look as if a command with these arguments had started it, to `run`; return that."""
    sys.argv = arguments
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    sys.dont_write_bytecode = True
    sys.modules["__main__"] = types.ModuleType("__main__")
    if processes := sys.modules.get("multiprocessing.process"):  # it keeps where it was imported, for what it spawns
        processes.ORIGINAL_DIR = os.getcwd()  # type: ignore[attr-defined]
    return run


def _function(target: str) -> Callable[[], Any]:
    module, _, function = target.partition(":")
    run: Callable[[], Any] = getattr(importlib.import_module(module), function)
    return run


def _module(name: str) -> Callable[[], Any]:
    """What `python -m` does: the module as the program, found in the folder first."""
    sys.path.insert(0, os.getcwd())
    return lambda: runpy.run_module(name, run_name="__main__", alter_sys=True) and None


def _execute(command: list[str]) -> NoReturn:
    try:
        os.execvpe(command[0], command, os.environ)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(127)


if __name__ == "__main__":
    sys.exit(ForkServer(socket.socket(fileno=int(sys.argv[1])), walled="walled" in sys.argv[2:]).serve()())
