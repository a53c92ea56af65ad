"""A learner's process: runs the cells of one notebook, and does what test cells ask of it, which run elsewhere.

Its requests come over the *control* channel: first how it is to be confined, answered by `{"ready": true}`, or by
`{"trouble": why}`; then cells, `{"run": source}`, each answered by `{"done": count}` when all that it showed is said. A
test reaches the same names over the *line* (see `crossing`) whenever no cell runs.

Both are heard in one event loop, which lives as long as the process: what a cell left running goes on between cells.
An interrupt raises KeyboardInterrupt in the code that runs; where all of it waits, what is awaited is cancelled.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from contextlib import nullcontext
from types import FrameType
from typing import Any

from . import guard, shell
from .crossing.channel import Channel, Lost, Message
from .crossing.sides import Learner
from .jail import Jail, clear, copy
from .shell import Shell, teller


class Tested(Learner):
    """The learner's end of the line. What its code printed is said before the test hears what it gave."""

    def do(self, what: str, thing: Any, details: Message) -> Any:
        try:
            return super().do(what, thing, details)
        finally:
            shell.flush()


class Process:
    """Runs until the conductor hangs up. In a jail, all that an interrupted cell had started ends with it."""

    def __init__(self, ip: Shell, control: Channel, line: socket.socket, *, is_jailed: bool) -> None:
        self._ip, self._control, self._line, self._is_jailed = ip, control, line, is_jailed
        self._is_interrupted = False
        self._loop = asyncio.new_event_loop()
        self._cells: asyncio.Queue[Message] = asyncio.Queue()
        self._cell: asyncio.Task[None] | None = None
        self._tested: Tested | None = None

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        main = self._loop.create_task(self._main())
        signal.signal(signal.SIGINT, self._interrupt)
        while not main.done():
            try:
                self._loop.run_until_complete(main)
            except KeyboardInterrupt:  # out of a task that a cell left running
                self._stop()

    async def _main(self) -> None:
        self._tested = Tested(Channel(self._line, is_interrupted=True), self._ip.user_ns)
        self._loop.add_reader(self._control, self._hear)
        while "run" in (asked := await self._cells.get()):
            teller.begin()
            with guard.kept(self._ip) if asked["is_test"] else nullcontext():
                self._cell = asyncio.create_task(self._ip.execute(asked["run"]))
                await asyncio.wait([self._cell])
            self._cell = None
            if teller.is_forked():
                os._exit(0)
            if self._is_interrupted and self._is_jailed:
                clear()
            self._is_interrupted = False
            shell.flush()
            self._control.send({"done": self._ip.execution_count - 1})

    def _hear(self) -> None:
        try:
            self._cells.put_nowait(self._control.read())
        except Lost:
            os._exit(0)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._is_interrupted = True
        if frame and frame.f_code.co_name == "select" and frame.f_globals.get("__name__") == "selectors":
            self._loop.call_soon_threadsafe(self._stop)  # which wakes it
        else:
            raise KeyboardInterrupt

    def _stop(self) -> None:
        if self._cell:
            self._cell.cancel()
        elif self._tested:
            self._tested.line.stop_tasks()


def main(ip: Shell, jail: Jail | None, slot: int, descriptors: list[int]) -> None:
    """Be the process that was asked for: confine it, then run what it is given. Returns when the conductor hangs up."""
    control, line, output, folder = descriptors
    channel = Channel(socket.socket(fileno=control), is_interrupted=True)
    asked = channel.read()
    try:
        confine(jail, slot, folder, asked)
    except OSError as error:
        channel.send({"trouble": str(error)})
        return
    os.close(folder)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    sys.path.insert(0, "")
    teller.attach(channel, asked["shown"])
    shell.attach()
    channel.send({"ready": True})
    Process(ip, channel, socket.socket(fileno=line), is_jailed=jail is not None).run()


def confine(jail: Jail | None, slot: int, folder: int, asked: Message) -> None:
    """Into the jail; without a sandbox, only into a working folder of its own."""
    if jail:
        jail.enter(slot, folder, asked["place"], asked["limits"])
        return
    place = tempfile.mkdtemp(dir=asked["scratch"]) + asked["place"]
    os.makedirs(place)
    copy(folder, place, asked["limits"]["written"], os.getuid())
    os.chdir(place)
