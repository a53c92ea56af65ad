"""A learner's process, as the conductor of its notebook holds it.

What the process shows is taken while the conductor waits for it, whichever of its sockets it waits at: a learner's
process that nobody listens to would stop.
"""

import asyncio
import os
import select
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from autograder.inside.interpreter.crossing.channel import Channel, Lost, Message
from autograder.inside.interpreter.forks import ask
from autograder.notebooks._cells import Judge
from autograder.notebooks._shown import Shown, number
from breakwater.errors import EngineTrouble

CHUNK, MANY = 1 << 16, 1000


class Learner:
    """Made by the warm process at the other end of `forks`, in a jail that `told` describes, with what lies in the
    folder `folder` (a descriptor). Raises EngineTrouble where it does not come up."""

    def __init__(self, forks: socket.socket, folder: int, told: Message, shown: Shown) -> None:
        self._shown, self.is_test = shown, True
        self._life, life = socket.socketpair()
        control, their_control = socket.socketpair()
        line, their_line = socket.socketpair()
        self._output, output = os.pipe()
        os.set_blocking(self._output, False)
        theirs = [life, their_control, their_line]
        bound = told["limits"]["memory"] if told["is_jailed"] else 0
        ask(forks, [*(each.fileno() for each in theirs), output, folder], bound)
        for each in theirs:
            each.close()
        os.close(output)
        self._control = Channel(control)
        self._showing = [self._output, control.fileno()]
        self._loop = asyncio.new_event_loop()
        try:
            self._control.send(told)
            trouble = self._control.read().get("trouble")
        except Lost:
            trouble = "it ended"
        if trouble:
            raise EngineTrouble(f"The process that runs a notebook did not start: {trouble}.")
        self._loop.run_until_complete(self._listen(line))

    async def _listen(self, line: socket.socket) -> None:
        self.judge = Judge(Channel(line, attend=lambda: self._attend(line.fileno())))
        for descriptor in self._showing:
            self._loop.add_reader(descriptor, self._drain)  # which may find that it has been taken since

    def run(self, source: str, *, is_test: bool = False) -> int | None:
        """Run a cell; return its number. Raises Lost."""
        self.is_test, self._done = False, False
        self._control.send({"run": source, "is_test": is_test})
        while not self._done:
            self._attend(self._control.fileno())
            self._take(self._control.fileno())
            if self._control.fileno() not in self._showing:
                raise Lost("it ended")
        self._drain()
        return self._count

    def judged(self, test: Callable[[], Any]) -> Any:
        """Run a test, whose coroutine function is given, while the process does what it is asked. Raises Lost."""
        self.is_test = True
        outcome = self._loop.run_until_complete(test())
        self._drain()
        if self.judge.line.broke:
            raise Lost(str(self.judge.line.broke))
        return outcome

    def interrupt(self) -> None:
        with suppress(OSError):
            self._life.send(b"!")

    def kill(self) -> None:
        with suppress(OSError):
            self._life.shutdown(socket.SHUT_WR)

    def end(self) -> str:
        """Kill it, and say how it ended (see `interpreter.forks`): nothing where nobody knows."""
        self.kill()
        with suppress(OSError):
            self._life.settimeout(5.0)
            return self._life.recv(16).decode()
        return ""

    def close(self) -> None:
        self.kill()
        self.judge.line.close()
        self._loop.close()
        self._control.close()
        os.close(self._output)
        self._life.close()

    def _attend(self, awaited: int) -> None:
        """Take what it shows until there is something to read at `awaited`; then what it showed before that."""
        ready: list[int] = []
        while awaited not in ready:
            ready, _, _ = select.select([awaited, *self._showing], [], [])
            for descriptor in ready:
                if descriptor != awaited:
                    self._take(descriptor)
        if awaited not in self._showing:
            self._drain()

    def _drain(self) -> None:
        """Take what it has shown by now, as far as that has an end."""
        for _ in range(MANY):
            ready = select.select(self._showing, [], [], 0)[0]
            if not ready:
                return
            for descriptor in ready:
                self._take(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            if descriptor != self._output:
                self._hear(self._control.read())
            elif printed := os.read(self._output, CHUNK):
                self._shown.print(printed.decode(errors="replace"))
            else:
                raise Lost("nobody has it open")
        except Lost:
            self._showing.remove(descriptor)
            self._loop.remove_reader(descriptor)

    def _hear(self, message: Message) -> None:
        if self.is_test and message.get("stream") == "stdout":
            # So that a test can catch it, as it could if it ran where this is printed.
            sys.stdout.write(self._shown.measured(str(message.get("text"))))
            return
        self._shown.take(message, is_test=self.is_test)
        if "done" in message:
            self._done, self._count = True, number(message["done"])
