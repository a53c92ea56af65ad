"""`course grade --source FILE`: what a person sees while it runs, and what a program reads afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from autograder import handed_in
from autograder.collect import Refused
from autograder.ends import known
from autograder.notebooks import assignment
from autograder.notebooks._reader import reader
from autograder.notebooks.execution import Interpreter
from autograder.notebooks.imports import libraries
from autograder.notebooks.reading import Unreadable, parse
from breakwater.cli._out import notes, print_json, printable

if TYPE_CHECKING:
    from autograder.batch import Graded

Came = Union["Graded", Refused]


@dataclass(frozen=True)
class Request:
    """What the command was given."""

    source: Path
    submissions: Path
    gradebook: Path
    assignment: str | None = None
    student: str | None = None
    jobs: int | None = None
    force: bool = False


class Tally:
    """How many submissions came to what end. What became of each is kept only where it is reported in the end."""

    def __init__(self, *, keeps: bool) -> None:
        self.graded = self.resumed = self.for_person = self.refused = self.trouble = 0
        self.rows: list[Came] | None = [] if keeps else None

    def add(self, one: Came) -> None:
        if self.rows is not None:
            self.rows.append(one)
        if isinstance(one, Refused):
            self.refused += 1
            return
        self.graded += 1
        self.resumed += one.resumed
        self.for_person += one.needs_manual_grade
        self.trouble += bool(one.trouble)

    def __str__(self) -> str:
        counts = {
            "as before": self.resumed,
            "for a person": self.for_person,
            "refused": self.refused,
            "in trouble": self.trouble,
        }
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def grade(request: Request, *, as_json: bool) -> Tally:
    """Grade what was asked for, and report it.

    Raises:
        BadInput: the source, the folder of submissions or the gradebook is none; there is no such student.
        NoSandbox: this machine cannot confine a submission.
    """
    with _started(request.source) as started:
        return _grade(request, started, as_json=as_json)


@contextmanager
def _started(source: Path) -> Iterator[Interpreter]:
    """Yield an interpreter for a source. It starts at once: importing nbgrader takes as long as that does."""
    try:
        imports = libraries(parse(source.read_bytes()))
    except (OSError, Unreadable):  # which is told when it is loaded
        imports = libraries()
    with Interpreter(imports) as interpreter:
        interpreter.start()
        reader().start()
        yield interpreter


def _grade(request: Request, started: Interpreter, *, as_json: bool) -> Tally:
    from autograder import batch

    work = assignment.load(request.source, request.assignment)
    if _holds_results(request):
        work = work.without_files()
    name = request.source.stem
    submissions = _chosen(handed_in.find(request.submissions, work.name, name), request.student)
    results = batch.Results(request.gradebook.resolve(), work.name, name)
    tally = Tally(keeps=as_json)
    with _progress(len(submissions), tally) as advance:
        jobs = request.jobs or _processors()
        for one in batch.grade(work, submissions, results, jobs=jobs, force=request.force, started=started):
            tally.add(one)
            advance()
            if not as_json:
                _say(one)
    if as_json:
        print_json(_report(work.name, name, tally.rows or []))
    else:
        typer.echo(f"{tally.graded} graded{f': {tally}' if str(tally) else ''}")
    return tally


def _holds_results(request: Request) -> bool:
    """Whether the source lies among submissions or results: then what lies beside it is not the assignment's."""
    beside = request.source.resolve().parent
    return any(place.resolve().is_relative_to(beside) for place in (request.submissions, request.gradebook))


def _chosen(submissions: list[handed_in.HandedIn], student: str | None) -> list[handed_in.HandedIn]:
    if student is None:
        return submissions
    chosen = known(student, [one.student for one in submissions], "has handed nothing in")
    return [one for one in submissions if one.student == chosen]


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _progress(total: int, tally: Tally) -> Iterator[Any]:
    """On a terminal, a bar with the time that is left and the counts so far."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.update(task, advance=1, description=str(tally))


def _say(one: Came) -> None:
    if isinstance(one, Refused):
        typer.echo(printable(f"refused: {one.source}: {one.reason}"), err=True)
        return
    state = "as before" if one.resumed else f"{one.seconds:.2f} s"
    person = "waits for a person" if one.needs_manual_grade else ""
    told = one.trouble or one.reason or person
    line = f"{one.student:24} {one.score:6g} of {one.max_score:g}   {state:>9}   {told}"
    typer.echo(printable(line).rstrip())


def _report(name: str, notebook: str, rows: list[Came]) -> dict[str, Any]:
    graded = [one for one in rows if not isinstance(one, Refused)]
    refused = [one for one in rows if isinstance(one, Refused)]
    return {
        "assignment": name,
        "notebook": notebook,
        "submissions": [asdict(one) for one in sorted(graded, key=lambda one: one.student)],
        "refused": [asdict(one) for one in sorted(refused, key=lambda one: one.source)],
    }
