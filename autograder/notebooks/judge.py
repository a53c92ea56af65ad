"""Judging a submission's notebooks: read, repair, run, score. The same for a class and for a single notebook.

Nothing here knows a gradebook: what comes out is a function of the assignment and the submission.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import nbformat

from autograder.handed_in import HandedIn
from autograder.notebooks import autograded
from autograder.notebooks.assignment import Assignment, load, of_notebook
from autograder.notebooks.reading import Unreadable, parse, read
from autograder.notebooks.repair import repair
from autograder.notebooks.running import Run, interpreter
from autograder.notebooks.score import Scores, nothing, score

Grade = Callable[[Any], Scores]


def judge_submission(assignment: Assignment, handed_in: HandedIn, run: Run, target: Path) -> dict[str, Scores]:
    """Judge each notebook of a submission and leave it, with the other files, in `target` as nbgrader does.

    A notebook that is absent, or is none, earns nothing, with the reason.

    Raises:
        Unreadable: the submission's other files are too many, or too large.
        EngineTrouble: it could not be run; nothing follows about the submission.
    """
    autograded.lay(assignment, handed_in.folder, target)
    found = {}
    for name, released in assignment.notebooks.items():
        try:
            notebook = read(handed_in.notebooks[name])
        except Unreadable as error:
            found[name] = nothing(released, f"{name}.ipynb: {error}")
            continue
        repair(notebook, released)
        notebook = run(name, notebook, target)
        for step in assignment.finish:
            notebook, _ = step(notebook, {})
        autograded.write(notebook, target / f"{name}.ipynb")
        found[name] = score(notebook)
    autograded.settle(target, assignment.permissions)
    return found


@contextmanager
def grader(source: Any) -> Iterator[Grade]:
    """See `autograder.grader`."""
    work = load(Path(source)) if isinstance(source, str | Path) else of_notebook(source)
    with interpreter(work.without_files()) as run:
        yield partial(_grade, work, run)


def _grade(work: Assignment, run: Run, notebook: Any) -> Scores:
    [(name, released)] = work.notebooks.items()
    try:
        submitted = read(Path(notebook)) if isinstance(notebook, str | Path) else parse(_bytes(notebook))
    except Unreadable as error:
        return nothing(released, str(error))
    with tempfile.TemporaryDirectory(prefix="autograde-") as folder:
        place = Path(folder, "submitted", work.name)
        place.mkdir(parents=True)
        repair(submitted, released)
        return score(run(name, submitted, place))


def _bytes(notebook: Any) -> bytes:
    return str(nbformat.writes(notebook)).encode()
