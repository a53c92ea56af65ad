"""The instructor's commands; `course` finds them through the entry-point group `breakwater.commands`."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.ends import status

if TYPE_CHECKING:
    from autograder.batch_cli import Request
    from autograder.classroom import Classroom
    from autograder.collect import Refused

Module = Annotated[str, typer.Argument(metavar="NN", help="The module: 09, resilience or 09-resilience.")]
OneModule = typer.Argument(metavar="NN", help="The module: 09, resilience or 09-resilience.")
AnyModule = typer.Argument(metavar="NN", help="One module; without it, each that is built.")
NoModule = typer.Argument(metavar="[NN]", help="The module: 09, resilience or 09-resilience.")
AnyGradebook = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Read this gradebook; without it, the class's.")
]
AnyAssignment = Annotated[
    str | None, typer.Option(metavar="NAME", help="An assignment of any gradebook of nbgrader's, in place of NN.")
]
Class = Annotated[
    Path | None, typer.Option("--class", metavar="DIR", help="The class's folder; without it, class/.", file_okay=False)
]
Unsandboxed = Annotated[
    bool, typer.Option(help="Do it without the sandbox: what is submitted can read, change and send away what you can.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Report as JSON on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the instructor's commands to `course`."""
    for command in (release, collect, grade, feedback, report, export):
        app.command(rich_help_panel="Instructors")(command)


def release(module: Annotated[str | None, AnyModule] = None, as_json: AsJson = False) -> None:
    """Make the notebooks that learners get, and pack build/learner.zip."""
    from autograder.release import release as make
    from breakwater.cli._out import print_json
    from breakwater.toml import shown

    notebooks = [shown(notebook) for notebook in make(module)]
    if as_json:
        return print_json({"notebooks": notebooks, "archive": "build/learner.zip"})
    for made in (*notebooks, "build/learner.zip"):
        typer.echo(made)


def collect(
    module: Module,
    source: Annotated[Path, typer.Argument(metavar="DIR", help="STUDENT/NN-topic/ folders, or archives.")],
    room: Class = None,
    as_json: AsJson = False,
    unsandboxed: Unsandboxed = False,
) -> None:
    """Take what learners handed in, by allow-list. Exit status 3 if a submission was refused."""
    from autograder.collect import collect as take
    from breakwater.cli._out import print_json

    _say_unsandboxed(unsandboxed)
    topic, here = _module(module), _class(room)
    with here.alone():
        taken, refused = take(topic, source, here)
    if as_json:
        print_json({"module": topic, "taken": taken, "refused": [asdict(each) for each in refused]})
    else:
        typer.echo(f"{len(taken)} taken{': ' if taken else ''}{', '.join(taken)}")
        _tell(refused)
    raise typer.Exit(status(refused=refused))


def grade(
    module: Annotated[str | None, OneModule] = None,
    submissions: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Collect from here first; without it, grade what is collected.")
    ] = None,
    room: Class = None,
    source: Annotated[
        Path | None, typer.Option(metavar="FILE", help="In place of NN: any nbgrader source notebook.", dir_okay=False)
    ] = None,
    gradebook: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --source: the gradebook; results go beside it.")
    ] = None,
    assignment: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --source: its assignment; without it, its folder's name.")
    ] = None,
    student: Annotated[str | None, typer.Option(metavar="ID", help="Grade this one alone.")] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            "-k",
            metavar="ID",
            help="With NN: judge this check (or several) alone.",
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="With --source: submissions at a time; without it, one a processor.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has not changed.")] = False,
    as_json: AsJson = False,
    unsandboxed: Unsandboxed = False,
) -> None:
    """Judge a class: labs and notebooks, scores in gradebook.db, feedback in class/feedback/.

    With --source, the notebooks of any nbgrader assignment. --submissions then holds STUDENT/ASSIGNMENT/NAME.ipynb,
    STUDENT/NAME.ipynb, or files STUDENT.ipynb (NAME_STUDENT.ipynb). Feedback: nbgrader generate_feedback.

    What is graded already, and has not changed, is not graded again, unless by --force.

    Exit status: 0 all graded; 2 a check is unknown, or a submission could not be graded; 3 a submission was refused.
    """
    from breakwater.errors import BadInput

    _say_unsandboxed(unsandboxed)
    if (module is None) == (source is None):
        raise BadInput("Say what to grade: a module (NN), or --source FILE.")
    if module is not None:
        apart = {"--gradebook": gradebook, "--assignment": assignment, "--jobs": jobs}
        if given := [name for name, value in apart.items() if value is not None]:
            raise BadInput(f"{', '.join(given)}: only with --source FILE.")
        from autograder.grade_cli import Chosen, grade_module

        chosen = Chosen(_module(module), submissions, student, check or [], force)
        raise typer.Exit(grade_module(chosen, _class(room), as_json=as_json))
    if source is None or submissions is None or gradebook is None:
        raise BadInput("--source FILE needs --submissions DIR and --gradebook FILE.")
    if check:
        raise BadInput("--check: only with a module (NN).")
    from autograder.batch_cli import Request

    request = Request(source, submissions, gradebook, assignment, student, jobs, force)
    raise typer.Exit(_grade_source(request, as_json))


def _grade_source(request: "Request", as_json: bool) -> int:
    from autograder.batch_cli import grade as grade_all

    tally = grade_all(request, as_json=as_json)
    return status(refused=tally.refused, unknown=tally.trouble)


def feedback(module: Module, room: Class = None, as_json: AsJson = False) -> None:
    """Write the learners' pages anew, with the marks and words that a person has given since they were graded.

    Exit status 3 if a submission's could not be written.
    """
    from autograder.pages.feedback import rewrite
    from breakwater.cli._out import print_json
    from breakwater.errors import CourseError

    topic, here = _module(module), _class(room)
    written: list[str] = []
    failed: dict[str, str] = {}
    with here.alone():
        for student in here.students(topic):
            try:
                rewrite(here, topic, student)
                written.append(student)
            except CourseError as error:
                failed[student] = str(error)
        here.commit(f"Write feedback on {topic}")
    if as_json:
        print_json({"module": topic, "written": written, "failed": failed})
    else:
        for student, reason in failed.items():
            typer.echo(f"{student}: {reason}", err=True)
        typer.echo(f"{len(written)} written")
    raise typer.Exit(status(refused=failed))


def report(
    module: Annotated[str | None, NoModule] = None,
    gradebook: AnyGradebook = None,
    assignment: AnyAssignment = None,
    room: Class = None,
    as_json: AsJson = False,
) -> None:
    """Write the class's report: how each check and question fared, what was missed and how, who needs a person.

    With --gradebook and --assignment, of what --source graded: the page lies beside the gradebook.
    """
    from autograder.classroom import Classroom
    from autograder.pages.report import write
    from breakwater.cli._out import print_json
    from breakwater.errors import BadInput
    from breakwater.toml import shown

    if (module is None) == (assignment is None) or (gradebook is None) != (assignment is None):
        raise BadInput(
            "Say what to report on: a module, as in course report 09, or --gradebook FILE --assignment NAME."
        )
    if gradebook is not None and assignment is not None:
        name, page = assignment, write(assignment, Classroom(gradebook.resolve().parent), gradebook.resolve())
    else:
        name = _module(module or "")
        page = write(name, _class(room))
    if as_json:
        print_json({"module": name, "page": shown(page)})
    else:
        typer.echo(shown(page))


def export(
    module: Annotated[str | None, NoModule] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write here; without it, to stdout.", dir_okay=False)
    ] = None,
    gradebook: AnyGradebook = None,
    assignment: AnyAssignment = None,
    room: Class = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON; else a row a student, as CSV.")] = False,
) -> None:
    """Write out what a gradebook holds: scores, verdicts, who needs a person, who was late. Grades nothing."""
    from autograder.classroom import write_whole
    from autograder.gradebook import export as exporting
    from autograder.gradebook import results
    from autograder.labs import judged
    from breakwater import syllabus
    from breakwater.errors import BadInput

    if (module is None) == (assignment is None):
        raise BadInput("Say what to export: a module, as in course export 09, or --assignment NAME.")
    here = _class(room)
    name = assignment if assignment is not None else syllabus.load().find_built(module or "").id
    found = results.read(gradebook or here.gradebook, name)
    verdicts = {} if gradebook else judged.verdicts(judged.read(here, name))
    told = exporting.text(found, verdicts, as_json=as_json)
    if to is None:
        return typer.echo(told, nl=False)
    write_whole(to, told)
    typer.echo(f"{to}: {len(found.submissions)} submissions")


def _say_unsandboxed(said: bool) -> None:
    """Have this process, and all that it starts, do without the sandbox if the instructor said so."""
    from autograder.sandbox import UNSANDBOXED

    if said:
        os.environ[UNSANDBOXED] = "1"


def _module(name: str) -> str:
    """The id of a module that is built and released."""
    from breakwater import paths, syllabus
    from breakwater.errors import BadInput

    module = syllabus.load().find_built(name).id
    if not (paths.MODULES / module).is_dir():
        raise BadInput(f"modules/{module} is not there: release it with course release {module[:2]}")
    return module


def _class(folder: Path | None) -> "Classroom":
    """The class in `folder`, for this process and all that it starts."""
    from autograder.classroom import Classroom

    if folder is not None:
        os.environ["BREAKWATER_CLASS"] = str(folder.resolve())
    return Classroom.here()


def _tell(refused: "list[Refused]") -> None:
    from breakwater.cli._out import printable

    for each in refused:
        typer.echo(printable(f"refused: {each.source}: {each.reason}"), err=True)
