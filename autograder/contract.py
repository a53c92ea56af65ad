"""The notebooks' part of the content contract; `course dev check` finds it through the group `breakwater.contract`.

Each lesson runs twice as `course grade` would run it, once with its solutions and once without: every graded cell
must earn all of its points the first time, and none the second. And what is in `modules/` must be what
`course release` makes of the lessons and checks as they are.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from breakwater.dev.content import Content, ModuleContent, line_of
from breakwater.dev.finding import Finding
from breakwater.errors import CourseError


def prove(module_id: str) -> Iterator[Finding]:
    """Yield what is wrong with the notebooks of a module."""
    yield from prove_module(Content().find(module_id))


def prove_module(module: ModuleContent) -> Iterator[Finding]:
    """As `prove`, for content that may lie elsewhere."""
    if not module.lessons:
        return
    try:
        yield from _cells_tell_right_from_wrong(module)
        yield from _release_is_committed(module)
    except CourseError as error:
        what = f"its notebooks cannot be made or run: {error}".rstrip(".")
        yield module.finding(module.solutions, 0, "notebook-runs", what, "mend that, then run again")


def _cells_tell_right_from_wrong(module: ModuleContent) -> Iterator[Finding]:
    for lesson in module.lessons:
        for name, earned, most in run(lesson, module.id, solved=True):
            if earned != most:
                what = f"`{name}` earns {_points(earned)} of {most:g} points with the solutions of the lesson"
                yield _at(module, lesson, name, what, "mend the solution, or the test")
        for name, earned, most in run(lesson, module.id, solved=False):
            if earned != 0:
                what = f"`{name}` earns {_points(earned)} of {most:g} points before anything is written"
                yield _at(module, lesson, name, what, "sharpen the test")


def _at(module: ModuleContent, lesson: Path, name: str, what: str, remedy: str) -> Finding:
    return module.finding(lesson, line_of(lesson, [f'test="{name}"']), "notebook-grades", what, remedy)


def _points(earned: float | None) -> str:
    return "no score" if earned is None else f"{earned:g}"


def run(lesson: Path, module: str, *, solved: bool) -> list[tuple[str, float | None, float]]:
    """Run a lesson and return (id, points earned, points) of each graded code cell; hidden tests run in both cases."""
    from nbgrader.preprocessors import ClearSolutions

    from autograder import markup, pipeline
    from autograder.notebooks.assignment import Assignment
    from autograder.notebooks.running import interpreter
    from autograder.notebooks.score import score_cell

    notebook = markup.to_notebook(lesson)
    work = Assignment(module, {}, pipeline.config(), {lesson.stem: notebook})
    if not solved:
        notebook, _ = ClearSolutions(config=work.config).preprocess(work.source(lesson.stem), {})
    with tempfile.TemporaryDirectory(prefix="course-dev-") as folder, interpreter(work) as run_in:
        place = Path(folder, "solved" if solved else "released", module)
        place.mkdir(parents=True)
        place.parent.chmod(0o755)
        Path(folder).chmod(0o755)
        notebook = run_in(lesson.stem, notebook, place)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and _is_graded(cell)]
    found = [score_cell(cell) for cell in cells]
    return [(each.id, each.points, each.max_points) for each in found]


def _is_graded(cell: Any) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def _release_is_committed(module: ModuleContent) -> Iterator[Finding]:
    from autograder import pipeline, release

    with tempfile.TemporaryDirectory(prefix="course-dev-") as folder:
        source, made = Path(folder, "source"), Path(folder, "release")
        release.stage(module.id, source / module.id)
        pipeline.generate(module.id, source, made)
        fresh = {path.name: _text(path) for path in (made / module.id).glob("*.ipynb")}
    for name in sorted(fresh | {path.name: "" for path in module.notebooks.glob("*.ipynb")}):
        if fresh.get(name) != _text(module.notebooks / name):
            what = "it is not what `course release` makes today"
            yield module.finding(
                module.notebooks / name, 0, "notebook-current", what, f"course release {module.number}"
            )


def _text(path: Path) -> Any:
    return path.read_text(encoding="utf-8") if path.is_file() else None
