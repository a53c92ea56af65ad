"""Cheap process starts: programs are forked from a warm interpreter (see `forkserver`), not started anew (Linux).

One fork server stands outside; a program with walls has one of its own behind them, so that it starts as fast, and
shares with its neighbours neither processes nor files.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from breakwater.engines import forkserver
from breakwater.engines.isolation import FORKSERVER, inside, walls
from breakwater.engines.process import PlainLauncher, Process, Program
from breakwater.errors import EngineTrouble, ShopDidNotStart

READY_S = 60.0
STARTED_S = 20.0
ENDED = "The process that starts services ended. Run: course shop up"
_CREDENTIALS = struct.Struct("3i")
_CREDENTIALS_SPACE = socket.CMSG_SPACE(_CREDENTIALS.size)


class ZygoteLauncher:
    """Starts programs of the shop in the folder `shop` by fork servers; they log to the folder `logs`."""

    def __init__(self, shop: Path, logs: Path) -> None:
        self._shop = shop
        self._logs = logs
        self._servers: dict[str, _Server] = {}

    async def warm(self, all_walls: Iterable[str]) -> None:
        for name in all_walls:
            await self._server(name)

    async def start(self, program: Program) -> Process:
        server = await self._server(program.walls)
        return await server.start(inside(program, self._shop) if program.walls else program)

    def close(self) -> None:
        for server in self._servers.values():
            server.close()

    async def _server(self, name: str) -> "_Server":
        server = self._servers.get(name)
        if server is None or server.lost:
            server = self._servers[name] = _Server(self._logs / "forkserver.log", self._shop if name else None)
            await server.open()
        return server


class _Server:
    """One fork server, and what it started. Behind walls if there is a `shop` to show there."""

    def __init__(self, log: Path, shop: Path | None) -> None:
        self.lost = False
        self._log = log
        self._shop = shop
        self._process: Process | None = None
        self._socket: socket.socket
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._starting: dict[int, asyncio.Future[int]] = {}
        self._running: dict[int, Process] = {}
        self._ended: dict[int, int] = {}
        self._count = 0

    async def open(self) -> None:
        """Start it; what it imports takes a while, and is not waited for."""
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        with its:
            program = Program("forkserver", self._command(its.fileno()), Path("/"), {"PATH": os.defpath}, self._log)
            self._process = await PlainLauncher().start(program, pass_fds=(its.fileno(),))

    async def start(self, program: Program) -> Process:
        self._count += 1
        number = self._count
        message = json.dumps(_request(program, number)).encode()
        if len(message) > forkserver.MAX_MESSAGE:
            raise ShopDidNotStart(f"{program.name} did not start: its settings are too long.", service=program.name)
        await self._until_ready()
        answer = self._starting[number] = asyncio.get_running_loop().create_future()
        output = self._ask(message)
        try:
            async with asyncio.timeout(STARTED_S):
                pid = await answer
        except TimeoutError:
            os.close(output)
            self.close()
            raise ShopDidNotStart(
                f"{program.name} did not start: its fork server hangs.", service=program.name
            ) from None
        return self._started(number, Process(pid, output, program.log, self._clear if self._shop else None))

    async def _until_ready(self) -> None:
        try:
            async with asyncio.timeout(READY_S):
                await asyncio.shield(self._ready)
        except TimeoutError:
            self.close()
            raise EngineTrouble(f"The process that starts services was not ready in {READY_S:g} s.") from None

    def close(self) -> None:
        """End the server; the kernel ends its children."""
        if self._process:
            self._process.kill()
        self._lose()

    def _command(self, descriptor: int) -> tuple[str, ...]:
        words = (str(descriptor), str(self._log.parent))
        if self._shop is None:
            return (sys.executable, "-I", str(forkserver.__file__), *words)
        return (*walls(self._shop, init=True), sys.executable, "-I", FORKSERVER, str(descriptor), "walled")

    def _ask(self, message: bytes) -> int:
        """Send a request; return the end from which the child's output is read."""
        output, its_output = os.pipe()
        try:
            socket.send_fds(self._socket, [message], [its_output])
        except OSError:
            os.close(output)
            self.close()
            raise EngineTrouble(ENDED) from None
        finally:
            os.close(its_output)
        return output

    def _started(self, number: int, process: Process) -> Process:
        if self.lost:
            process.ended(-signal.SIGKILL)
        elif number in self._ended:  # before we were told that it had started
            process.ended(self._ended.pop(number))
        else:
            self._running[number] = process
        return process

    def _clear(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.send(b'{"clear": true}')

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while not self.lost:
                message, extra, _, _ = self._socket.recvmsg(
                    forkserver.MAX_MESSAGE, socket.CMSG_SPACE(_CREDENTIALS.size)
                )
                if not message:
                    return self._lose()
                # The kernel wrote the sender's process id, as it is on our side of any wall.
                sender, _, _ = _CREDENTIALS.unpack(extra[0][2])
                self._hear(json.loads(message), sender)

    def _hear(self, said: dict[str, Any], sender: int) -> None:
        if "started" in said:
            self._tell(said["started"], pid=sender)
        elif "failed" in said:
            self._tell(said["failed"], error=EngineTrouble(f"No process could be started: {said['why']}"))
        elif "ended" in said:
            self._end(said["ended"], said["status"])
        elif not self._ready.done():
            self._ready.set_result(None)

    def _tell(self, number: int, *, pid: int = 0, error: Exception | None = None) -> None:
        future = self._starting.pop(number, None)
        if future is None or future.done():
            return
        if error:
            future.set_exception(error)
        else:
            future.set_result(pid)

    def _end(self, number: int, status: int) -> None:
        process = self._running.pop(number, None)
        if process:
            process.ended(status)
        elif number in self._starting:
            self._tell(number, error=EngineTrouble(f"A process ended with status {status} before it began."))
        else:
            self._ended[number] = status

    def _lose(self) -> None:
        """The server is gone, and its children with it."""
        if self.lost:
            return
        self.lost = True
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        for process in self._running.values():
            process.ended(-signal.SIGKILL)
        self._running.clear()
        for number in list(self._starting):
            self._tell(number, error=EngineTrouble(ENDED))
        if not self._ready.done():
            self._ready.set_exception(EngineTrouble(ENDED))
            self._ready.exception()  # nobody may be waiting


def _request(program: Program, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": program.name,
        "command": program.command,
        "folder": str(program.folder),
        "environment": dict(program.environment),
        "end_with": int(program.end_with),
    }
