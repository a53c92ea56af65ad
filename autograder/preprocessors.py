"""Our parts of nbgrader's pipeline; `nbgrader_config.py` puts them in place of its own.

What nbgrader 0.9.6 does, and what we do instead, each for its reason:

| nbgrader | here | because |
| --- | --- | --- |
| a kernel with all of the instructor's rights | a jail, without a kernel | a submission is a stranger's program |
| a deleted graded cell needs a person, a copied one stops the class | put back; the last copy counts | a slip |
| a tag keeps a graded cell from running, and it scores in full | graded cells lose their tags | nobody means that |
| a cell that ends or hangs the kernel costs all scores | it fails, the rest runs without it | the rest may be right |
| anything on stderr makes a test cell 0 | only an error does | a warning is no wrong answer |
| hidden tests and their tracebacks stand in the feedback | they are cut out | they are hidden |
| test cells run beside the learner's code | they run in the judge; only plain data crosses | it could forge them |
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader import preprocessors, utils
from nbgrader.api import Gradebook
from traitlets import Integer

from autograder import digest, execution, signing
from autograder.classroom import LAB, Classroom

HIDDEN = re.compile(r"^[^\n]*### BEGIN HIDDEN TESTS[^\n]*\n.*?^[^\n]*### END HIDDEN TESTS[^\n]*(\n|$)", re.S | re.M)
HIDDEN_FAILED = "A hidden test of this cell did not pass."


class RepairCells(preprocessors.NbGraderPreprocessor):  # type: ignore[misc]
    """Gives a submitted notebook the graded cells of the released one: all of them, once, with their metadata."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        told = resources["nbgrader"]
        with Gradebook(told["db_url"]) as gradebook:
            released = _released(gradebook.find_notebook(told["notebook"], told["assignment"]))
        last = {_grade_id(cell): position for position, cell in enumerate(nb.cells)}
        for position, cell in enumerate(nb.cells):
            name = _grade_id(cell)
            cell.metadata.pop("nbgrader", None)
            if name in released and last[name] == position:
                cell.metadata.pop("tags", None)
                cell.metadata["nbgrader"] = dict(released[name].metadata["nbgrader"])
        place = 0
        for name, cell in released.items():
            if name in last:
                place = next(i for i, c in enumerate(nb.cells) if _grade_id(c) == name) + 1
            else:
                nb.cells.insert(place, cell)
                place += 1
        return nb, resources


def _grade_id(cell: Any) -> str | None:
    found = cell.metadata.get("nbgrader")
    name = found.get("grade_id") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None


def _released(notebook: Any) -> dict[str, Any]:
    """The cells of a released notebook that nbgrader knows, by their id, in order."""
    tasks = {cell.name for cell in notebook.task_cells}
    points = {cell.name: cell.max_score for cell in (*notebook.grade_cells, *notebook.task_cells)}
    solutions = {cell.name for cell in notebook.solution_cells}
    cells = {}
    for source in notebook.source_cells:
        name = source.name
        about = {
            "schema_version": 3,
            "grade_id": name,
            "grade": name in points and name not in tasks,
            "solution": name in solutions,
            "locked": bool(source.locked),
            "task": name in tasks,
            "cell_type": source.cell_type,
            "checksum": source.checksum,
        } | ({"points": points[name]} if name in points else {})
        make: Any = new_code_cell if source.cell_type == "code" else new_markdown_cell
        cells[name] = make(source.source or "", metadata={"nbgrader": about}, id=name)
    return cells


class Execute(preprocessors.Execute):  # type: ignore[misc]
    """Runs a notebook in the sandbox (see `execution`). Whatever it does, it ends, and each graded cell has an
    outcome."""

    restarts = Integer(20, help="How often to start anew after a cell ended or hung the interpreter.").tag(config=True)
    notebook_timeout = Integer(180, help="Seconds for a whole notebook.").tag(config=True)
    shown_at_most = Integer(4 << 20, help="Characters that a cell may show.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any = None, km: Any = None) -> tuple[Any, Any]:
        limits = execution.Limits(
            cell_s=self.timeout or self.notebook_timeout,
            notebook_s=self.notebook_timeout,
            restarts=self.restarts,
            shown=self.shown_at_most,
        )
        return _interpreter().run(nb, Path(resources["metadata"]["path"]), limits), resources


@cache
def _interpreter() -> execution.Interpreter:
    """One for all notebooks that this process runs."""
    return execution.Interpreter()


class SaveGrades(preprocessors.SaveAutoGrades):  # type: ignore[misc]
    """Writes scores. A lab's come from the judge's report, once verified; an *unknown* check gets none."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        told = resources["nbgrader"]
        self._said = _said(told["assignment"], told["student"], self.log) if told["notebook"] == LAB else None
        return super().preprocess(nb, resources)  # type: ignore[no-any-return]

    def _add_score(self, cell: Any, resources: Any) -> None:
        name = cell.metadata["nbgrader"]["grade_id"]
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        grade.auto_score = auto_score(cell, self.log) if self._said is None else _points(self._said, name)
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        self.gradebook.db.commit()

    def _add_comment(self, cell: Any, resources: Any) -> None:
        if self._said is None:
            super()._add_comment(cell, resources)
            return
        name = cell.metadata["nbgrader"]["grade_id"]
        comment = self.gradebook.find_comment(name, self.notebook_id, self.assignment_id, self.student_id)
        comment.auto_comment = "\n".join(self._said["summary"])
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        grade.auto_score, grade.needs_manual_grade = 0.0, False  # it has no points: nobody need look at it
        self.gradebook.db.commit()


def _said(module: str, student: str, log: Any) -> dict[str, Any]:
    """The judge's report, once verified; a word on why there is none, and no checks, otherwise."""
    room = Classroom.here()
    about = signing.Seal(student, module, digest.submission(room.submitted(module, student)))
    try:
        said = signing.unseal(room, about)
    except signing.NotOurs as error:
        log.error("%s", error)
        return {"checks": [], "summary": [str(error)]}
    return said


def _points(said: dict[str, Any], check: str) -> float | None:
    """A check's points. One that is unknown, or not in the report, has no score, and needs a person."""
    known = {row["id"]: float(row["points"]) for row in said["checks"] if row["verdict"] != "unknown"}
    return known.get(check)


def auto_score(cell: Any, log: Any) -> float | None:
    """A cell's score from its outputs, by nbgrader's rules except that writing to stderr is no error."""
    most = float(cell.metadata["nbgrader"]["points"])
    if cell.cell_type == "code":
        cell = cell.copy()
        cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    try:
        found, _ = utils.determine_grade(cell, log)
    except (ValueError, KeyError):
        return 0.0
    return None if found is None else min(most, max(0.0, float(found)))


class HideHiddenTests(preprocessors.NbGraderPreprocessor):  # type: ignore[misc]
    """Cuts hidden tests, and what they or the code under test printed, out of what a learner gets to read."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        if cell.cell_type != "code" or not HIDDEN.search(cell.source):
            return cell, resources
        begins = cell.source[: HIDDEN.search(cell.source).start()].count("\n") + 1  # type: ignore[union-attr]
        cell.source = HIDDEN.sub("", cell.source).rstrip()
        cell.outputs = [_told(out, begins) for out in cell.outputs if out.output_type == "error"]
        return cell, resources


def _told(error: Any, hidden_from: int) -> Any:
    """The error without its traceback; without its message too, unless it arose above the hidden tests.

    Its name and its message may be the learner's. So neither is read for where it arose, and a class of errors that
    is called as ours is none of ours: ours has its one line, and no trace of a test.
    """
    trace = "\n".join(part for part in error.traceback if error.ename not in part)
    line = re.search(r"^-+> (\d+) ", re.sub(r"\x1b\[[0-9;]*m", "", trace), re.M)
    not_judged = error.ename == "NotJudged" and len(error.traceback) == 1
    public = not_judged or (line is not None and int(line[1]) < hidden_from)
    message = f"{error.ename}: {error.evalue}" if public else HIDDEN_FAILED
    return new_output("error", ename=error.ename if public else "", evalue="", traceback=[message])
