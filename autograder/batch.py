"""`course grade --source`: grade every submission of one notebook, several at a time.

A submission is judged in a thread, which waits for the processes in the sandbox; one thread, this one, writes to the
gradebook. What is finished is recorded, after it was entered, with the digest of all that can change it: whoever was
killed goes on where that was, and grading again changes nothing without a reason. All results lie beside the
gradebook:

| | |
| --- | --- |
| `autograded/STUDENT/ASSIGNMENT/` | nbgrader's own |
| `judged/ASSIGNMENT/NOTEBOOK/STUDENT.json` | each cell's score and the reason, and what it was made from |
"""

import fcntl
import json
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy.exc

from autograder import digest
from autograder.classroom import write_whole
from autograder.collect import Refused
from autograder.gradebook.book import Gradebook
from autograder.handed_in import HandedIn
from autograder.notebooks.assignment import Assignment
from autograder.notebooks.execution import Interpreter
from autograder.notebooks.judge import judge_submission
from autograder.notebooks.reading import Unreadable
from autograder.notebooks.running import Run, interpreter
from autograder.notebooks.score import Scores
from breakwater.errors import CourseError, EngineTrouble

WAITING = 3  # submissions for each thread that are judged or wait


@dataclass(frozen=True)
class Results:
    """Where the results of one notebook of an assignment lie."""

    gradebook: Path
    assignment: str
    notebook: str

    def autograded(self, student: str) -> Path:
        return self.gradebook.parent / "autograded" / student / self.assignment

    def record(self, student: str) -> Path:
        return self._judged / self.notebook / f"{student}.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the assignment; wait for another command that does. The lock ends with the process."""
        self._judged.mkdir(parents=True, exist_ok=True)
        with (self._judged / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @property
    def _judged(self) -> Path:
        return self.gradebook.parent / "judged" / self.assignment


@dataclass(frozen=True)
class Graded:
    """One submission's result. `score` counts what a person still has to give as 0.

    `trouble` is set where the submission could not be graded, for no fault of its own; nothing was entered then.
    """

    student: str
    score: float = 0.0
    max_score: float = 0.0
    needs_manual_grade: bool = False
    cells: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    seconds: float = 0.0
    resumed: bool = False
    trouble: str = ""


@dataclass(frozen=True)
class _Judged:
    """What a thread comes back with: a result, what it was made from, and the scores if they are new."""

    graded: Graded
    made_from: str = ""
    scores: Scores | None = None


def grade(
    assignment: Assignment,
    submissions: Sequence[HandedIn],
    results: Results,
    *,
    jobs: int,
    force: bool = False,
    started: Interpreter | None = None,
) -> Iterator[Graded | Refused]:
    """Grade submissions, `jobs` at a time, and enter the scores; yield each as it is finished, in no order.

    With `force`, what was graded already is graded again. `started` is an interpreter that is to run them.

    Raises:
        NoSandbox: this machine cannot confine a submission.
        BadInput: the assignment does not fit the gradebook.
    """
    [(name, released)] = assignment.notebooks.items()
    with results.alone(), Gradebook(results.gradebook) as book, interpreter(assignment, started) as run:
        book.enter(assignment.name, name, released)
        entered = set() if force else book.students(assignment.name)
        batch = _Batch(assignment, results, run, entered)
        with closing(_judged(batch, submissions, jobs)) as judged:
            for ready in judged:
                yield from (_kept(came, results) for came in _entered(ready, assignment, results, book))


def _judged(
    batch: "_Batch", submissions: Sequence[HandedIn], jobs: int
) -> Generator[list[tuple[HandedIn, "Future[_Judged]"]], None, None]:
    """Have submissions judged; yield those that are ready. Few wait for a thread, or to be entered, so that memory
    hangs on no class's size."""
    left, pool = iter(submissions), ThreadPoolExecutor(jobs)
    try:
        futures = {pool.submit(batch.judge, one): one for one in islice(left, WAITING * jobs)}
        while futures:
            ready = [(futures.pop(each), each) for each in wait(futures, return_when=FIRST_COMPLETED).done]
            futures |= {pool.submit(batch.judge, one): one for one in islice(left, len(ready))}
            yield ready
    finally:
        pool.shutdown(cancel_futures=True)


def _entered(
    ready: list[tuple[HandedIn, "Future[_Judged]"]], assignment: Assignment, results: Results, book: Gradebook
) -> list["_Judged | Refused"]:
    """Enter what came of several submissions, all at once; return it, or for each what kept all from being entered."""
    try:
        with book.at_once():
            return [_enter(future, one, assignment, results, book) for one, future in ready]
    except sqlalchemy.exc.SQLAlchemyError as error:
        return [_Judged(Graded(one.student, trouble=_first_line(error))) for one, _ in ready]


def _enter(
    future: "Future[_Judged]", one: HandedIn, assignment: Assignment, results: Results, book: Gradebook
) -> _Judged | Refused:
    """Enter what came of a submission; return it."""
    try:
        judged = future.result()
        if judged.scores is None:
            book.penalise(assignment.name, one.student, [results.notebook], assignment.penalty)
            return judged
        at, found = one.submitted_at(), {results.notebook: judged.scores}
        book.save(assignment.name, one.student, found, submitted_at=at, penalty=assignment.penalty)
        return judged
    except Unreadable as error:
        return Refused(one.student, str(error))
    except Exception as error:  # whatever it is, the rest of the class is graded
        return _Judged(Graded(one.student, trouble=_first_line(error)))


def _first_line(error: Exception) -> str:
    said = str(error) if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
    return (said.splitlines() or ["no reason given"])[0]


def _kept(came: _Judged | Refused, results: Results) -> Graded | Refused:
    """The result; a new one is recorded, now that the gradebook holds it."""
    if isinstance(came, Refused):
        return came
    if came.scores is not None:
        record = {"made_from": came.made_from, "graded": asdict(came.graded)}
        write_whole(results.record(came.graded.student), json.dumps(record, indent=1))
    return came.graded


class _Batch:
    """What the threads share. `entered` are the students whose result, if recorded, need not be made again."""

    def __init__(self, assignment: Assignment, results: Results, run: Run, entered: set[str]) -> None:
        self._assignment, self._results, self._run, self._entered = assignment, results, run, entered
        self._judge = digest.combined(digest.assignment(assignment), digest.grader(), digest.environment(""))

    def judge(self, one: HandedIn) -> _Judged:
        """Judge a submission, unless the same was judged before."""
        if one.trouble:
            raise Unreadable(one.trouble)
        began = time.monotonic()
        made_from = digest.combined(digest.handed_in(one, self._assignment.ignored), self._judge)
        if known := self._recorded(one.student, made_from):
            return _Judged(known, made_from)
        try:
            scores = self._scores(one)
        except EngineTrouble:  # a machine that was busy, say: once more
            scores = self._scores(one)
        graded = Graded(
            student=one.student,
            score=scores.points,
            max_score=scores.max_points,
            needs_manual_grade=scores.needs_manual_grade,
            cells=[asdict(cell) for cell in scores.cells.values()],
            reason=scores.reason,
            seconds=round(time.monotonic() - began, 3),
        )
        return _Judged(graded, made_from, scores)

    def _scores(self, one: HandedIn) -> Scores:
        found = judge_submission(self._assignment, one, self._run, self._results.autograded(one.student))
        return found[self._results.notebook]

    def _recorded(self, student: str, made_from: str) -> Graded | None:
        """What was recorded of the same submission, if all that it stands for is still there."""
        try:
            record = json.loads(self._results.record(student).read_text(encoding="utf-8"))
            known = Graded(**record["graded"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        notebook = self._results.autograded(student) / f"{self._results.notebook}.ipynb"
        is_there = student in self._entered and (known.reason or notebook.is_file())
        return replace(known, resumed=True) if is_there and record.get("made_from") == made_from else None
