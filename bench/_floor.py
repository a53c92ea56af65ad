"""What the time of grading one submission is made of, part by part, once everything is warm."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench._assignments import NAME, NOTEBOOK, lay_nbgrader

SUBMISSIONS = 20


class Parts:
    """Milliseconds by part, of each submission."""

    def __init__(self) -> None:
        self._ms: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._ms[part].append((time.perf_counter() - began) * 1000)

    def medians(self) -> dict[str, float]:
        """The medians, largest first. The first submission, which warms everything, is left out."""
        found = {part: round(statistics.median(each[1:]), 2) for part, each in self._ms.items()}
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def floor(assignment: Any, folder: Path) -> dict[str, float]:
    """Milliseconds of each part of grading a submission: the median of several, one at a time."""
    from autograder import digest, handed_in
    from autograder.gradebook.book import Gradebook
    from autograder.notebooks import assignment as assignments
    from autograder.notebooks import autograded
    from autograder.notebooks.reading import read
    from autograder.notebooks.repair import repair
    from autograder.notebooks.running import interpreter
    from autograder.notebooks.score import score

    work = assignments.load(lay_nbgrader(assignment, folder, SUBMISSIONS))
    released, parts = work.notebooks[NOTEBOOK], Parts()
    with Gradebook(folder / "gradebook.db") as book, interpreter(work) as run:
        book.enter(NAME, NOTEBOOK, released)
        for one in handed_in.find(folder / "submitted", NAME, NOTEBOOK):
            target = folder / "autograded" / one.student / NAME
            with parts.timed("digest"):
                digest.handed_in(one, work.ignored)
            with parts.timed("lay files"):
                autograded.lay(work, one.folder, target)
            with parts.timed("read"):
                notebook = read(one.notebooks[NOTEBOOK])
            with parts.timed("repair"):
                repair(notebook, released)
            with parts.timed("run"):
                run(NOTEBOOK, notebook, target)
            with parts.timed("write"):
                autograded.write(notebook, target / f"{NOTEBOOK}.ipynb")
            with parts.timed("score"):
                found = score(notebook)
            with parts.timed("gradebook"):
                book.save(NAME, one.student, {NOTEBOOK: found})
    return parts.medians()
