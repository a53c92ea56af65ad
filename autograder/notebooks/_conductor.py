"""The conductor of one notebook: has the learner's process run its cells, runs its tests itself, and keeps the time.

Run as `python -m autograder.notebooks._conductor SOCKET FORKS MODULE…`, this is a warm process that imports what tests
need and forks a conductor for each notebook that is asked for at SOCKET; FORKS leads to the warm process of learners.

A cell that ends its process, or will not be interrupted, costs its own question alone: the cells before it run again in
a new process, and it is given up with its reason. A test that was judged is not judged again, unless tests kept
something of the process that is gone; then those before run again, for what they define, and their outcomes stand.
"""

import faulthandler
import os
import resource
import selectors
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from types import FrameType

from autograder.inside.interpreter import forks
from autograder.inside.interpreter.crossing.channel import TRUSTED, Channel, Lost, Message
from autograder.notebooks import _shown
from autograder.notebooks._cells import Cells
from autograder.notebooks._learner import Learner
from autograder.notebooks._shown import Output, Shown
from breakwater.errors import EngineTrouble

MEMORY = 4 << 30  # bytes, whatever a learner's process sends
WAITING = (Learner._attend.__code__, selectors.DefaultSelector.select.__code__)  # for the learner's process
ENDED, STUBBORN = "this cell ended the interpreter", "this cell could not be interrupted"
TOOK_MORE = "what this cell started took more than"


class Overdue(BaseException):
    """A test goes on though the learner's process is gone."""


@dataclass
class Cell:
    """A code cell: of the `kind` learner, test (it runs here) or inside (a test that runs in the learner's process).

    It `is_lost` where it did not come to its own end: then its last output is ours, and says why."""

    source: str
    kind: str
    outputs: list[Output]
    count: int | None = None
    is_lost: bool = False


class Clock:
    """Ends what a cell does when its time is over: an interrupt, then the end of its process, then of the test.

    A test that waits for nobody is ended at once. Where no signal is heard, since the test is in a loop in C, this
    process ends soon after, and whoever waits for it knows which test it was.
    """

    def __init__(self, learner: Learner, seconds: float, grace_s: float, *, is_test: bool) -> None:
        self._learner, self._seconds, self._grace_s, self._is_test = learner, seconds, grace_s, is_test
        self.rung = 0

    def __enter__(self) -> "Clock":
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, max(0.001, self._seconds), self._grace_s)
        if self._is_test:
            self._end_after(self._seconds + self._grace_s)
        return self

    def _end_after(self, seconds: float) -> None:
        """End this process after so long, unless that is said anew, or taken back."""
        faulthandler.dump_traceback_later(seconds, exit=True, file=2)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        self.rung += 1
        if self.rung == 1:
            self._learner.interrupt()
        elif self.rung == 2:
            self._learner.kill()
        if self._is_test and self.rung == 1:
            self._end_after(3 * self._grace_s)
        if self._is_test and (self.rung > 2 or (frame and frame.f_code not in WAITING)):
            raise Overdue("the test itself came to no end")

    def __exit__(self, *exc: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


class Conductor:
    """Runs one notebook, `task`; what lies beside it is in the folder `folder` (a descriptor)."""

    def __init__(self, task: Message, caller: Channel, forks: socket.socket, folder: int) -> None:
        self._task, self._caller, self._forks, self._folder = task, caller, forks, folder
        self._limits = task["limits"]
        self._cells = [Cell(told["source"], told["kind"], []) for told in task["cells"]]
        self._given_up: dict[int, str] = {int(index): reason for index, reason in task["given_up"].items()}
        self._shown = Shown(self._limits["shown"])
        self._tests = Cells(task["own"])
        self._learner: Learner | None = None
        self._began = task["began"]
        self._starts = 0

    def run(self) -> list[Message]:
        """Run all cells; return of each its outputs and its number."""
        for index, cell in enumerate(self._cells):
            cell.outputs = self._shown.begin()
            if reason := self._given_up.get(index) or self._why_no_more():
                self._fail(cell, reason)
                continue
            try:
                self._prepare(index)
                self._run(index)
            except Lost:
                self._lose(index)
                self._fail(cell, self._given_up[index])
        if self._learner:
            self._learner.close()
        return [{"outputs": cell.outputs, "count": cell.count, "is_lost": cell.is_lost} for cell in self._cells]

    def _why_no_more(self) -> str:
        if monotonic() - self._began > self._limits["notebook_s"]:
            return f"the notebook had run for {self._limits['notebook_s']:g} s before this cell's turn came"
        if not self._learner and self._starts > self._limits["restarts"]:
            return "the interpreter was ended again and again"
        return ""

    def _prepare(self, index: int) -> None:
        """Have a process in which all cells before this one have run."""
        while not self._learner:
            if reason := self._why_no_more():
                self._given_up[index] = reason
                raise Lost(reason)
            self._start()
            at = 0
            try:
                for at in range(index):
                    if at not in self._given_up and self._is_needed(self._cells[at]):
                        self._run(at, again=True)
            except Lost:
                self._lose(at)
        self._shown.go_on(self._cells[index].outputs)

    def _start(self) -> None:
        self._starts += 1
        self._learner = Learner(self._forks, self._folder, self._task["jail"], self._shown)
        self._tests_again = self._tests.meet(self._learner.judge)

    def _is_needed(self, cell: Cell) -> bool:
        return cell.kind == "learner" or self._tests_again

    def _run(self, index: int, *, again: bool = False) -> None:
        """Run a cell; `again`: for what it defines, as it has its outcome. Raises Lost."""
        cell, learner = self._cells[index], self._learner
        assert learner
        self._caller.send({"begin": index})
        if again:
            self._shown.begin()
        timing = self._limits["cell_s"], self._limits["grace_s"]
        with Clock(learner, *timing, is_test=cell.kind == "test") as self._clock:
            if cell.kind == "test":
                ended = learner.judged(lambda: self._tests.run(cell.source))
                if self._clock.rung > 1:
                    raise Lost("it was killed")
                if not again:
                    cell.outputs += ended
            else:
                count = learner.run(cell.source, is_test=cell.kind == "inside")
                if not again:
                    cell.count = count
        if self._clock.rung and not again:
            cell.outputs.append(_shown.error("CellTimeoutError", f"no end after {self._limits['cell_s']:g} s"))
            cell.is_lost = True

    def _lose(self, index: int) -> None:
        """Give up the cell for which the process was lost."""
        assert self._learner
        said = self._learner.end()
        self._learner.close()
        self._learner = None
        self._given_up[index] = STUBBORN if self._clock.rung > 1 else self._ended(said)

    def _ended(self, said: str) -> str:
        if said == forks.MEMORY:
            return f"{TOOK_MORE} {self._task['jail']['limits']['memory'] >> 20} MB of memory"
        if not said:
            return f"{ENDED} (nobody knows how)"
        status = int(said)
        return f"{ENDED} ({f'exit status {status}' if status >= 0 else signal.Signals(-status).name})"

    def _fail(self, cell: Cell, reason: str) -> None:
        cell.outputs[:] = [output for output in cell.outputs if output["output_type"] in ("stream", "display_data")]
        cell.outputs.append(_shown.error("NotJudged", f"{reason}."))
        cell.is_lost = True


def conduct(forks: socket.socket, caller: socket.socket, folder: int) -> None:
    """Run the notebook that the caller sends, and answer with its cells."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    channel = Channel(caller, longest=TRUSTED)
    task = channel.read()
    scratch = "" if task["jail"]["is_jailed"] else tempfile.mkdtemp(prefix="bw-")
    task["jail"]["scratch"] = scratch
    try:
        channel.send({"cells": Conductor(task, channel, forks, folder).run()})
    except EngineTrouble as error:
        channel.send({"trouble": str(error)})
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


def main() -> None:
    requests, learners, *names = sys.argv[1:]
    for descriptor in (requests, learners):
        os.set_inheritable(int(descriptor), True)  # should this program have to begin anew
    forks.preload(names)
    learners_socket = socket.socket(fileno=int(learners))
    _, (caller, folder) = forks.Forks(socket.socket(fileno=int(requests))).serve()
    try:
        with suppress(Lost):
            conduct(learners_socket, socket.socket(fileno=caller), folder)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
