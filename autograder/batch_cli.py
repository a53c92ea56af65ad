"""`course grade --source FILE`: what a person sees while it runs, and what a program reads afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from autograder import batch, handed_in, sandbox
from autograder.collect import Refused
from autograder.notebooks import assignment
from breakwater.cli._out import notes, print_json, printable
from breakwater.errors import BadInput, did_you_mean


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
    """How many submissions came to what end."""

    def __init__(self) -> None:
        self.graded: list[batch.Graded] = []
        self.refused: list[Refused] = []

    def add(self, one: batch.Graded | Refused) -> None:
        (self.refused if isinstance(one, Refused) else self.graded).append(one)  # type: ignore[arg-type]

    @property
    def trouble(self) -> int:
        return sum(bool(one.trouble) for one in self.graded)

    def __str__(self) -> str:
        counts = {
            "as before": sum(one.resumed for one in self.graded),
            "for a person": sum(one.needs_manual_grade for one in self.graded),
            "refused": len(self.refused),
            "in trouble": self.trouble,
        }
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def grade(request: Request, *, as_json: bool) -> Tally:
    """Grade what was asked for, and report it.

    Raises:
        BadInput: the source, the folder of submissions or the gradebook is none; there is no such student.
        NoSandbox: this machine cannot confine a submission.
    """
    sandbox.require()
    work = assignment.load(request.source, request.assignment)
    if _holds_results(request):
        work = work.without_files()
    name = request.source.stem
    submissions = _chosen(handed_in.find(request.submissions, work.name, name), request.student)
    results = batch.Results(request.gradebook.resolve(), work.name, name)
    tally = Tally()
    with _progress(len(submissions), tally) as advance:
        for one in batch.grade(work, submissions, results, jobs=request.jobs or _processors(), force=request.force):
            tally.add(one)
            advance()
            if not as_json:
                _say(one)
    if as_json:
        print_json(_report(work.name, name, tally))
    else:
        typer.echo(f"{len(tally.graded)} graded{f': {tally}' if str(tally) else ''}")
    return tally


def _holds_results(request: Request) -> bool:
    """Whether the source lies among submissions or results: then what lies beside it is not the assignment's."""
    beside = request.source.resolve().parent
    return any(place.resolve().is_relative_to(beside) for place in (request.submissions, request.gradebook))


def _chosen(submissions: list[handed_in.HandedIn], student: str | None) -> list[handed_in.HandedIn]:
    if student is None:
        return submissions
    chosen = [one for one in submissions if one.student == student]
    if not chosen:
        names = [one.student for one in submissions]
        raise BadInput(f"`{student}` has handed nothing in.{did_you_mean(student, names)}")
    return chosen


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


def _say(one: batch.Graded | Refused) -> None:
    if isinstance(one, Refused):
        typer.echo(printable(f"refused: {one.source}: {one.reason}"), err=True)
        return
    state = "as before" if one.resumed else f"{one.seconds:.2f} s"
    person = "waits for a person" if one.needs_manual_grade else ""
    told = one.trouble or one.reason or person
    line = f"{one.student:24} {one.score:6g} of {one.max_score:g}   {state:>9}   {told}"
    typer.echo(printable(line).rstrip())


def _report(name: str, notebook: str, tally: Tally) -> dict[str, Any]:
    return {
        "assignment": name,
        "notebook": notebook,
        "submissions": [asdict(one) for one in sorted(tally.graded, key=lambda one: one.student)],
        "refused": [asdict(one) for one in sorted(tally.refused, key=lambda one: one.source)],
    }
