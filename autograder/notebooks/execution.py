"""Notebooks, run: each by a process of its own that is forked from a warm one, in a jail, for a few milliseconds.

```
this process ──► judge's warm process ──► a conductor for each notebook: runs its tests, keeps the time
                                              │ two sockets
             └─► learner's warm process ──► a process for each notebook, in a jail: runs the learner's cells
                 (in a cell of the sandbox)
```
A test runs in the conductor, where no learner's code has been, and reaches what it tests over a line that only plain
data crosses (`inside/interpreter/crossing`). Starting both warm processes costs a second or two, once; a notebook, from
then on, the fork and what its cells do.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from nbformat import NotebookNode

from autograder import confined, sandbox
from autograder.inside.interpreter.crossing.channel import TRUSTED, Channel, Lost, Message
from autograder.inside.interpreter.forks import ask
from autograder.notebooks import unseen
from autograder.notebooks.imports import ALWAYS, Helpers, helpers
from breakwater import paths
from breakwater.errors import EngineTrouble

PATIENCE_S = 5.0  # beyond a cell's own time, of whoever waits for the conductor
STARTS_S = 60.0
OVERDUE = "its test came to no end"
ENDS_JUDGE = "its test ended the process that judges it"


@dataclass(frozen=True)
class Limits:
    """What a notebook may use: seconds for a cell and in all, new processes after one was lost, characters shown by a
    cell, processes at once, bytes of memory for each of them and for all together, and bytes of files.

    A cell whose time is over is interrupted; after `grace_s` more its process is ended, and a test that goes on without
    it after as much again."""

    cell_s: float = 30.0
    notebook_s: float = 180.0
    grace_s: float = 0.4
    restarts: int = 20
    shown: int = 4 << 20
    processes: int = 150
    memory: int = 4 << 30
    written: int = 256 << 20


class Interpreter:
    """Runs notebooks, several at once if asked from several threads. `imports` are the modules that it imports first.

    It starts with the first notebook, if nobody started it before. `close` ends it, and so does leaving it as a
    context.
    """

    def __init__(self, imports: Iterable[str] = ALWAYS) -> None:
        self._imports = tuple(imports)
        self._lock = threading.Lock()
        self._conductors: socket.socket | None = None
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Interpreter":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def start(self) -> None:
        """Start, and do not wait until it can run a notebook. Raises NoSandbox."""
        sandbox.require()
        self._started()

    def run(
        self,
        notebook: NotebookNode,
        folder: Path,
        limits: Limits = Limits(),
        inside: frozenset[str] = frozenset(),
        own: Helpers | None = None,
        *,
        hides: bool = False,
    ) -> NotebookNode:
        """Run the code cells of a notebook, in order; return it, with the outputs of each.

        What lies in `folder` appears, as a copy, in the working folder, which is named as it is. Each test cell has an
        outcome, whatever the notebook does. `inside` names the tests that run in the learner's process, `own` what the
        others have of their own (see `imports`). With `hides`, nothing that is shown tells of a hidden test (see
        `unseen`).

        Raises:
            NoSandbox: this machine cannot confine a notebook.
            EngineTrouble: a process of ours did not do its part.
        """
        sandbox.require()
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = []
        cells = [cell for cell in notebook.cells if cell.cell_type == "code" and _is_run(cell)]
        folder = folder.resolve()
        task: Message = {
            "cells": [{"source": cell.source, "kind": _kind(cell, inside)} for cell in cells],
            "limits": asdict(limits),
            "jail": _jail(folder, limits),
            "own": dict(own or {}),
            "given_up": {},
            "began": monotonic(),
        }
        first = self._ran(task, folder)
        for cell, ran in zip(cells, first, strict=True):
            cell.outputs = [NotebookNode(output) for output in ran["outputs"]]
            cell.execution_count = ran["count"]
        if hides and unseen.is_told(cells, [told["kind"] == "test" for told in task["cells"]]):
            for cell, ran, again in zip(cells, first, self._ran(_unseen(task, first), folder), strict=True):
                told = ran["outputs"][-1:] if ran["is_lost"] else again["outputs"]
                cell.outputs = [NotebookNode(output) for output in unseen.shown(cell, told)]
        return notebook

    def judged_inside(self, solved: NotebookNode, folder: Path, limits: Limits = Limits()) -> frozenset[str]:
        """Which tests of a notebook with its solutions pass in the learner's process alone, and so have to run there.

        They look at what a cell printed, say, or use a magic. The solutions decide it once, and no submission.
        """
        inside: frozenset[str] = frozenset()
        own = helpers(solved)
        hopeless: list[str] = []
        while left := [name for name in _failed(self.run(solved, folder, limits, inside, own)) if name not in hopeless]:
            tried = inside | {left[0]}
            if left[0] in inside or left[0] in _failed(self.run(solved, folder, limits, tried, own)):
                hopeless.append(left[0])
            else:
                inside = tried
        return inside

    def close(self) -> None:
        """End the warm processes, and with them all that they forked."""
        with self._lock:
            self._end()

    def _ran(self, task: Message, folder: Path) -> list[Message]:
        """What became of each cell. A conductor that a test ended, or holds up, is replaced, and the test given up."""
        while True:
            at, ran, overdue = self._conducted(task, folder)
            if ran is not None:
                return ran
            if at is None or at in task["given_up"]:
                raise EngineTrouble("The process that judges a notebook ended.")
            task["given_up"][at] = OVERDUE if overdue else ENDS_JUDGE

    def _conducted(self, task: Message, folder: Path) -> tuple[int | None, list[Message] | None, bool]:
        """Have a conductor do it. Return the cell that it began last, what it answered, and whether we stopped it."""
        at, since, cell_s = None, monotonic(), task["limits"]["cell_s"]
        life, caller = self._fork(folder)
        with life, caller:
            caller.settimeout(STARTS_S)
            channel = Channel(caller, longest=TRUSTED)
            try:
                channel.send(task)
                while "begin" in (said := channel.read()):
                    at, since = said["begin"], monotonic()
                    caller.settimeout(cell_s + 3 * task["limits"]["grace_s"] + PATIENCE_S)
            except Lost:
                return at, None, monotonic() - since >= cell_s
        if "trouble" in said:
            raise EngineTrouble(said["trouble"])
        return at, said["cells"], False

    def _fork(self, folder: Path) -> tuple[socket.socket, socket.socket]:
        """A new conductor: its life, and the socket to talk to it."""
        life, its_life = socket.socketpair()
        caller, its_caller = socket.socketpair()
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with its_life, its_caller:
                sent = [its_life.fileno(), its_caller.fileno(), opened]
                ask(self._started(), sent)
        except OSError as error:
            raise EngineTrouble("The process that judges notebooks is gone.") from error
        finally:
            os.close(opened)
        return life, caller

    def _end(self) -> None:
        if self._conductors:
            self._conductors.close()
        self._conductors = None
        for judge in self._processes[1:]:
            judge.kill()
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(STARTS_S)  # a cell that is killed while it starts would leave a process
        self._processes.clear()

    def _started(self) -> socket.socket:
        """The socket at which conductors are asked for. Starts both warm processes, unless both run."""
        with self._lock:
            if any(process.poll() is not None for process in self._processes):
                self._end()
            if self._conductors is None:
                self._conductors, its_requests = socket.socketpair()
                learners, their_requests = socket.socketpair()
                with its_requests, learners, their_requests:
                    self._processes = [
                        _start_learners(their_requests, self._imports),
                        _start_judge(its_requests, learners, self._imports),
                    ]
            return self._conductors


def _start_learners(requests: socket.socket, imports: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    how = "open" if sandbox.is_unsandboxed() else "jail"
    command = [sys.executable, "-m", "interpreter.warm", str(requests.fileno()), how, *imports]
    env = {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OPENBLAS_NUM_THREADS": "1",
        "NBGRADER_EXECUTION": "autograde",
        "PAGER": "cat",
        "TERM": "xterm-color",
    }
    return confined.start(command, env, requests, keeps=confined.JAILERS)


def _start_judge(
    requests: socket.socket, learners: socket.socket, imports: tuple[str, ...]
) -> "subprocess.Popen[bytes]":
    sockets = (str(requests.fileno()), str(learners.fileno()))
    command = [sys.executable, "-m", "autograder.notebooks._conductor", *sockets, *imports]
    env = {"PYTHONPATH": str(paths.ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return confined.start_outside(command, env, requests, learners)


def _unseen(task: Message, ran: list[Message]) -> Message:
    """The same without hidden tests, and without what came to no end: that would take its whole time again."""
    cells = [told | {"source": unseen.cut(told["source"])} for told in task["cells"]]
    lost = {at: "it came to no end before" for at, cell in enumerate(ran) if cell["is_lost"]}
    return task | {"cells": cells, "given_up": lost, "began": monotonic()}


def _jail(folder: Path, limits: Limits) -> Message:
    """How a learner's process is to be confined; see `inside/interpreter/learner.py`."""
    return {
        "is_jailed": not sandbox.is_unsandboxed(),
        "place": f"/{folder.parent.name}/{folder.name}",
        "shown": limits.shown,
        "limits": {
            "processes": limits.processes,
            "memory": limits.memory,
            "written": limits.written,
            "seconds": int(limits.notebook_s) + 1,
        },
    }


def is_test(cell: Any) -> bool:
    """Whether a cell is the instructor's and tells whether the learner's code is right."""
    told = cell.metadata.get("nbgrader", {})
    return bool(told.get("grade")) and not told.get("solution")


def _kind(cell: Any, inside: frozenset[str]) -> str:
    if not is_test(cell):
        return "learner"
    return "inside" if cell.metadata["nbgrader"]["grade_id"] in inside else "test"


def _is_run(cell: Any) -> bool:
    return bool(cell.source.strip()) and (is_test(cell) or "skip-execution" not in cell.metadata.get("tags", []))


def _failed(notebook: NotebookNode) -> list[str]:
    """The tests of a notebook that ended with an error, in order."""
    tests = [cell for cell in notebook.cells if cell.cell_type == "code" and is_test(cell)]
    failed = [cell for cell in tests if any(out.output_type == "error" for out in cell.outputs)]
    return [cell.metadata["nbgrader"]["grade_id"] for cell in failed]
