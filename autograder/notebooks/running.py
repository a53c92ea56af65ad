"""Running an assignment's notebooks: what the rest of the grader knows about it.

`interpreter(assignment)` gives a function that runs a submitted notebook in a folder, in the sandbox, and returns it
with outputs. It may be called from several threads at once. Which tests look at what a cell printed, say, and so run
beside the learner's code, is found out from the source before its first submission is run.
"""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from autograder import sandbox
from autograder.classroom import LAB
from autograder.notebooks import autograded
from autograder.notebooks._reader import reader
from autograder.notebooks.assignment import Assignment
from autograder.notebooks.execution import Interpreter, Limits
from autograder.notebooks.imports import Helpers, helpers, libraries

Run = Callable[[str, Any, Path], Any]
"""From the name of one of the assignment's notebooks, a repaired submission of it and a folder, to the notebook."""


@contextmanager
def interpreter(assignment: Assignment, started: Interpreter | None = None) -> Iterator[Run]:
    """Yield what runs submissions of an assignment, by an interpreter that was started for it if there is one.

    It may raise EngineTrouble: a notebook could not be run, and nothing follows about it.

    Raises:
        NoSandbox: this machine cannot confine a submission.
    """
    sandbox.require()
    reader().start()  # while the first submission is found
    with closing(Running(assignment, started)) as running:
        yield running.run


class Running:
    """Runs submissions of an assignment until it is closed: see `interpreter`."""

    def __init__(self, assignment: Assignment, started: Interpreter | None = None) -> None:
        self._assignment = assignment
        self._running = started or Interpreter(libraries(*assignment.sources.values()))
        self._limits, self._hides = limits(assignment.config), hides(assignment.config)
        self._inside: dict[str, frozenset[str]] = {}
        # Not of a lab's notebook: nothing in it is a learner's, and the key that it checks by is the class's.
        lessons = {name: source for name, source in assignment.sources.items() if name != LAB}
        self._own: dict[str, Helpers] = {name: helpers(source) for name, source in lessons.items()}
        self._lock = threading.Lock()

    def run(self, name: str, notebook: Any, folder: Path) -> Any:
        inside, own = self._tests_inside(name), self._own.get(name)
        return self._running.run(notebook, folder, self._limits, inside, own, hides=self._hides)

    def close(self) -> None:
        self._running.close()

    def _tests_inside(self, name: str) -> frozenset[str]:
        with self._lock:
            if name not in self._inside:
                self._inside[name] = self._found(name)
        return self._inside[name]

    def _found(self, name: str) -> frozenset[str]:
        if name not in self._assignment.sources:
            return frozenset()
        with tempfile.TemporaryDirectory(prefix="solved-") as folder:
            place = Path(folder, "source", self._assignment.name)
            autograded.lay(self._assignment, None, place)
            return self._running.judged_inside(self._assignment.source(name), place, self._limits)


def hides(config: Any) -> bool:
    """Whether feedback that is written by this configuration of nbgrader leaves hidden tests out."""
    from autograder.preprocessors import HideHiddenTests

    return HideHiddenTests in config.GenerateFeedback.get("preprocessors", ())


def limits(config: Any) -> Limits:
    """What a notebook may use, by nbgrader's configuration of `Execute`."""
    from autograder.preprocessors import Execute

    return Execute(config=config).limits()
