"""`course grade NN`: what a person sees while it runs, and what a program reads afterwards."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from autograder import sandbox
from autograder.classroom import Classroom
from autograder.collect import Refused, collect
from autograder.ends import known, status
from autograder.grade import Graded, grade
from autograder.labs import labbook
from autograder.pages import report
from breakwater.cli._out import print_json, printable


@dataclass(frozen=True)
class Chosen:
    """What of a module is to be graded: what lies in `submissions` (None: what is collected), or the one student's;
    by some checks (none: all); with `force`, also what has not changed."""

    module: str
    submissions: Path | None = None
    student: str | None = None
    checks: Sequence[str] = ()
    force: bool = False


def grade_module(chosen: Chosen, room: Classroom, *, as_json: bool) -> int:
    """Grade what was chosen, report it, and return the exit status.

    Raises:
        BadInput: there is no such student, or no such check; the module does not fit the class's gradebook.
        NoSandbox: this machine cannot confine a submission.
    """
    sandbox.require()
    module, ids = chosen.module, [str(check.id) for check in labbook.checks_of(chosen.module)]
    select = [known(check, ids, f"is no check of {module}") for check in chosen.checks]
    refused: list[Refused] = []
    graded: list[Graded] = []
    with room.alone():
        students = room.students(module)
        if chosen.submissions is not None:
            students, refused = collect(module, chosen.submissions, room)
        if chosen.student is not None:
            students = [known(chosen.student, students, "has handed nothing in")]
        for one in grade(module, students, room, select=select, force=chosen.force):
            graded.append(one)
            if not as_json:
                _say(one)
        _report(module, graded, refused, as_json)
        report.write(module, room)
        room.commit(f"Grade {module}: {len(graded)} submissions")
    return status(refused=refused, unknown=any(one.is_open for one in graded))


def _say(one: Graded) -> None:
    seconds = sum(one.seconds.values())
    state = "as before" if one.resumed else f"{seconds:.1f} s"
    typer.echo(printable(f"{one.student:24} {one.score:6g} of {one.max_score:g}   {state:>9}   {one.reason}"))


def _report(module: str, graded: list[Graded], refused: list[Refused], as_json: bool) -> None:
    if as_json:
        rows = [asdict(one) for one in graded]
        return print_json({"module": module, "submissions": rows, "refused": [asdict(each) for each in refused]})
    for each in refused:
        typer.echo(printable(f"refused: {each.source}: {each.reason}"), err=True)
