"""Our parts of nbgrader's pipeline; `nbgrader_config.py` puts them in place of its own.

What nbgrader 0.9.6 does, and what we do instead, each for its reason:

| nbgrader | here | because |
| --- | --- | --- |
| a kernel with all of the instructor's rights | a jail, without a kernel | a submission is a stranger's program |
| a cell that ends or hangs the kernel costs all scores | it fails, the rest runs without it | the rest may be right |
| hidden tests and their tracebacks stand in the feedback | they are cut out | they are hidden |
| code that a hidden test called may show later with what | it is shown from another run (`unseen`) | as before |
| test cells run beside the learner's code | they run in the judge; only plain data crosses | it could forge them |

What a submitted notebook gets back is in `repair`, what its cells are worth in `score`, each with such a table.
"""

from pathlib import Path
from typing import Any

from nbformat.v4 import new_output
from nbgrader import preprocessors
from nbgrader.coursedir import CourseDirectory
from traitlets import Integer

from autograder.classroom import LAB
from autograder.gradebook.book import Gradebook
from autograder.labs import scores as lab_scores
from autograder.notebooks import execution, unseen
from autograder.notebooks.assignment import Assignment
from autograder.notebooks.reading import parse
from autograder.notebooks.repair import repair
from autograder.notebooks.running import Running
from autograder.notebooks.score import score

HIDDEN_FAILED = "A hidden test of this cell did not pass."


class RepairCells(preprocessors.NbGraderPreprocessor):  # type: ignore[misc]
    """Gives a submitted notebook the cells of the released one (see `repair`)."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        told = resources["nbgrader"]
        with Gradebook(_file(told)) as gradebook:
            repair(nb, gradebook.released(told["assignment"], told["notebook"]))
        return nb, resources


def _file(told: Any) -> Path:
    return Path(told["db_url"].removeprefix("sqlite:///"))


class Execute(preprocessors.Execute):  # type: ignore[misc]
    """Runs a notebook in the sandbox (see `execution`). Whatever it does, it ends, and each graded cell has an
    outcome."""

    restarts = Integer(20, help="How often to start anew after a cell ended or hung the interpreter.").tag(config=True)
    notebook_timeout = Integer(180, help="Seconds for a whole notebook.").tag(config=True)
    shown_at_most = Integer(4 << 20, help="Characters that a cell may show.").tag(config=True)
    memory = Integer(4 << 30, help="Bytes of memory for each process.").tag(config=True)
    written = Integer(256 << 20, help="Bytes of files.").tag(config=True)

    def limits(self) -> execution.Limits:
        """What a notebook may use."""
        return execution.Limits(
            cell_s=self.timeout or self.notebook_timeout,
            notebook_s=self.notebook_timeout,
            restarts=self.restarts,
            shown=self.shown_at_most,
            memory=self.memory,
            written=self.written,
        )

    def preprocess(self, nb: Any, resources: Any = None, km: Any = None) -> tuple[Any, Any]:
        told = resources["nbgrader"]
        running = _kept.of(told["assignment"], self.config)
        return running.run(told["notebook"], nb, Path(resources["metadata"]["path"])), resources


class _Kept:
    """What ran the last notebook runs the next one, too, while that is of the same assignment and has the same sources.

    By them `course grade` decides which tests run beside the learner's code; so it is decided here.
    """

    def __init__(self) -> None:
        self._made_from: object = None
        self._running: Running | None = None

    def of(self, assignment: str, config: Any) -> Running:
        course = CourseDirectory(config=config)
        folder = Path(course.format_path(course.source_directory, ".", assignment))
        sources = {file.stem: file.read_bytes() for file in sorted(folder.glob("*.ipynb"))}
        if self._running is None or self._made_from != (assignment, sources):
            self.close()
            solved = {name: parse(source) for name, source in sources.items()}
            self._running = Running(Assignment(assignment, {}, config, solved, folder))
            self._made_from = assignment, sources
        return self._running

    def close(self) -> None:
        if self._running:
            self._running.close()
        self._running = None


_kept = _Kept()  # by this process


class SaveGrades(preprocessors.NbGraderPreprocessor):  # type: ignore[misc]
    """Writes scores (see `score`). A lab's come from the judge's report (see `lab_scores`)."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        told = resources["nbgrader"]
        assignment, student, notebook = told["assignment"], told["student"], told["notebook"]
        found = lab_scores.of(assignment, student, score(nb)) if notebook == LAB else score(nb)
        with Gradebook(_file(told)) as gradebook:
            gradebook.save(assignment, student, {notebook: found})
        return nb, resources


class HideHiddenTests(preprocessors.NbGraderPreprocessor):  # type: ignore[misc]
    """Cuts hidden tests, and what they or the code under test printed, out of what a learner gets to read."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        begins = unseen.hidden_from(cell.source) if cell.cell_type == "code" else 0
        if begins:
            cell.source = unseen.cut(cell.source)
            cell.outputs = [_told(out, begins) for out in cell.outputs if out.output_type == "error"]
        return cell, resources


def _told(error: Any, hidden_from: int) -> Any:
    """The error without its traceback; without its message too, unless it arose above the hidden tests."""
    public = unseen.is_public(error, hidden_from)
    message = f"{error.ename}: {error.evalue}" if public else HIDDEN_FAILED
    return new_output("error", ename=error.ename if public else "", evalue="", traceback=[message])
