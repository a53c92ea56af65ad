"""Cheap process starts: one interpreter imports the libraries once, and forks a service on request (Linux).

A fork copies only the thread that asks for it, so the zygote has one thread, which is asserted, and touches neither
event loops nor connections. What it forks is a child of the zygote, which is a child of the supervisor: each dies
with its parent. A command that is not Python's own server or migration tool is executed as it is.
"""

import asyncio
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from breakwater.engines.process import PlainLauncher, Process, Program, die_with_parent, name_process
from breakwater.errors import EngineTrouble

# What a service of this shop has imported by the time that it answered its first request.
PRELOADED = (
    "alembic.command",
    "alembic.config",
    "anyio._backends._asyncio",
    "asyncpg",
    "fastapi",
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
"""Commands that are a function in Python, and where it is."""

EXECUTED = ("--workers", "--reload")
"""Options by which a command starts interpreters of its own: it is executed, not forked."""

MAX_MESSAGE = 64 * 1024


class ZygoteLauncher:
    """Starts programs by a zygote; one too large to describe in a message, by a new interpreter."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._plain = PlainLauncher()
        self._zygote: Process | None = None
        self._socket: socket.socket | None = None
        self._ready: asyncio.Future[None] | None = None
        self._started: dict[int, asyncio.Future[int]] = {}
        self._children: dict[int, Process] = {}
        self._ended: dict[int, int] = {}
        self._count = 0

    async def warm(self) -> None:
        """Start the zygote, which takes a while to import what it will need."""
        if self._socket:
            return
        loop = asyncio.get_running_loop()
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._ready = loop.create_future()
        loop.add_reader(self._socket, self._read)
        command = (sys.executable, "-I", "-m", "breakwater.engines.zygote", str(its.fileno()), str(self._log))
        program = Program("zygote", command, Path("/"), {"LANG": "C.UTF-8"}, self._log)
        with its:
            self._zygote = await self._plain.start(program, pass_fds=(its.fileno(),))

    async def start(self, program: Program) -> Process:
        self._count += 1
        number = self._count
        message = json.dumps(_to_json(program, number)).encode()
        if len(message) > MAX_MESSAGE:
            return await self._plain.start(program)
        await self.warm()
        assert self._ready
        assert self._socket
        await asyncio.shield(self._ready)
        answer = self._started[number] = asyncio.get_running_loop().create_future()
        output, its_output = os.pipe()
        socket.send_fds(self._socket, [message], [its_output])
        os.close(its_output)
        pid = await answer
        process = self._children[pid] = Process(pid, output, program.log)
        if pid in self._ended:
            self._end(pid, self._ended.pop(pid))
        return process

    def close(self) -> None:
        """End the zygote; the kernel ends its children."""
        if self._zygote:
            self._zygote.kill()
        self._lost()

    def _read(self) -> None:
        assert self._socket
        with contextlib.suppress(BlockingIOError):
            while self._socket:
                message = self._socket.recv(MAX_MESSAGE)
                if not message:
                    return self._lost()
                self._hear(json.loads(message))

    def _hear(self, said: dict[str, int]) -> None:
        if "started" in said:
            self._started.pop(said["id"]).set_result(said["started"])
        elif "ended" in said:
            self._end(said["ended"], said["status"])
        elif self._ready and not self._ready.done():
            self._ready.set_result(None)

    def _end(self, pid: int, status: int) -> None:
        process = self._children.pop(pid, None)
        if process:
            process.ended(status)
        else:
            self._ended[pid] = status  # it ended before we were told that it had started

    def _lost(self) -> None:
        """The zygote is gone, and its children with it; the next start makes another."""
        if self._socket:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for process in self._children.values():
            process.ended(-signal.SIGKILL)
        self._children.clear()
        for future in [self._ready, *self._started.values()]:
            if future and not future.done():
                future.set_exception(EngineTrouble("The process that starts services ended. Run: course shop up"))
        self._started.clear()


def _to_json(program: Program, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": program.name,
        "command": program.command,
        "folder": str(program.folder),
        "environment": dict(program.environment),
        "end_with": int(program.end_with),
    }


# What follows runs in the zygote, and in what it forks.


def serve(connection: socket.socket) -> Callable[[], Any]:
    """Fork a child for every request. Returns in the child, with what it has to run; never in the zygote."""
    _import_all()
    connection.send(b"{}")
    wake, wake_up = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_up)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    while True:
        ready, _, _ = select.select([connection.fileno(), wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _report_ended(connection)
        if connection.fileno() in ready:
            run = _fork_one(connection)
            if run:
                return run


def _import_all() -> None:
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    assert threading.active_count() == len(os.listdir("/proc/self/task")) == 1, "a fork would lose threads"


def _fork_one(connection: socket.socket) -> Callable[[], Any] | None:
    message, descriptors, _, _ = socket.recv_fds(connection, MAX_MESSAGE * 2, 1)
    if not message:
        os._exit(0)
    request = json.loads(message)
    zygote = os.getpid()
    pid = os.fork()
    if not pid:
        connection.close()
        return _become(request, descriptors[0], zygote)
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)
    os.close(descriptors[0])
    connection.send(json.dumps({"id": request["id"], "started": pid}).encode())
    return None


def _report_ended(connection: socket.socket) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            connection.send(json.dumps({"ended": pid, "status": os.waitstatus_to_exitcode(status)}).encode())


def _become(request: dict[str, Any], output: int, zygote: int) -> Callable[[], Any]:
    """Turn a fresh child into the process that was asked for."""
    os.setpgid(0, 0)
    name_process(request["name"])
    die_with_parent(zygote, signal.Signals(request["end_with"]))
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    command = request["command"]
    target = FORKABLE.get(command[0])
    if target is None or any(option in command for option in EXECUTED):
        _execute(command)
    sys.argv = command
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.dont_write_bytecode = True
    sys.modules["__main__"] = types.ModuleType("__main__")
    module, _, function = target.partition(":")
    run: Callable[[], Any] = getattr(importlib.import_module(module), function)
    return run


def _execute(command: list[str]) -> NoReturn:
    try:
        os.execvpe(command[0], command, os.environ)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)


if __name__ == "__main__":
    sys.exit(serve(socket.socket(fileno=int(sys.argv[1])))())
