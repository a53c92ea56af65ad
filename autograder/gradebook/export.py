"""`course export`: a gradebook's results as a table for a spreadsheet, or whole as JSON.

Names and ids come from strangers, and a spreadsheet takes a cell that begins like a formula for one. So such a cell
gets an apostrophe before it (OWASP, CSV Injection), and so does what would be one where a semicolon parts cells.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from autograder.classroom import LAB
from autograder.gradebook.results import Mark, Question, Results, Submission

Verdicts = Mapping[str, Mapping[str, str]]  # student → check → verdict, as the judge gave it

FORMULA = re.compile(r"(^|;)(?=[=+\-@\t\r\n＝＋－＠])")
ABOUT = ("student", "last_name", "first_name", "email", "handed_in", "score", "max_score", "needs_person")
LATE = ("submitted_at", "late_s", "late_penalty")


def text(results: Results, verdicts: Verdicts, *, as_json: bool) -> str:
    """The results as a table, CSV, or all of them as JSON. What `verdicts` does not hold is told from the points."""
    rows = [*_handed_in(results, verdicts), *_absent(results)]
    if as_json:
        whole = {"assignment": results.assignment, "max_score": results.max_score, "students": rows}
        return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    return _table(results, rows)


def _handed_in(results: Results, verdicts: Verdicts) -> Iterator[dict[str, Any]]:
    for submission in results.submissions:
        known = verdicts.get(submission.student.id, {})
        yield _about(submission, results) | {
            "notebooks": {name: _notebook(submission, results, name, known) for name in results.notebooks}
        }


def _about(submission: Submission, results: Results) -> dict[str, Any]:
    person = asdict(submission.student)
    return {
        "student": person.pop("id"),
        **person,
        "handed_in": True,
        "score": submission.score,
        "raw_score": submission.raw_score,
        "max_score": results.max_score,
        "needs_person": submission.needs_person,
        "submitted_at": submission.submitted_at.isoformat() if submission.submitted_at else None,
        "late_s": submission.late_s,
        "late_penalty": submission.penalty,
    }


def _notebook(submission: Submission, results: Results, name: str, known: Mapping[str, str]) -> dict[str, Any]:
    marks = submission.of_notebook(name)
    questions = {
        question.name: {
            "points": mark.score,
            "max_points": question.max_score,
            "needs_person": mark.open,
            "comment": mark.comment,
        }
        | ({"verdict": known.get(question.name) or verdict(question, mark)} if name == LAB else {})
        for question, mark in marks.items()
        if question.max_score
    }
    score = sum(mark.score or 0.0 for mark in marks.values())
    most = sum(question.max_score for question in results.of_notebook(name))
    return {"score": score, "max_score": most, "questions": questions}


def verdict(question: Question, mark: Mark) -> str:
    """A check's verdict, as far as its points tell it."""
    if mark.score is None:
        return "unknown"
    return "passed" if mark.score >= question.max_score else "failed"


def _absent(results: Results) -> Iterator[dict[str, Any]]:
    nothing = {"handed_in": False, "score": 0.0, "raw_score": 0.0, "max_score": results.max_score}
    for student in results.absent:
        person = asdict(student)
        yield {"student": person.pop("id"), **person, **nothing, "needs_person": False, "notebooks": {}}


def _table(results: Results, rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    questions = [question for question in results.questions if question.max_score]
    heads = [*ABOUT, *LATE, *results.notebooks]
    for question in questions:
        heads += [f"{question.notebook}/{question.name}"]
        heads += [f"{question.notebook}/{question.name} verdict"] if question.notebook == LAB else []
    writer.writerow(map(safe, heads))
    for row in rows:
        writer.writerow(map(safe, _cells(row, results, questions)))
    return out.getvalue()


def _cells(row: Mapping[str, Any], results: Results, questions: list[Question]) -> Iterator[Any]:
    yield from (row.get(key) for key in (*ABOUT, *LATE))
    yield from (row["notebooks"].get(name, {}).get("score") for name in results.notebooks)
    for question in questions:
        said = row["notebooks"].get(question.notebook, {}).get("questions", {}).get(question.name, {})
        yield said.get("points")
        if question.notebook == LAB:
            yield said.get("verdict")


def safe(value: Any) -> Any:
    """A cell's value as a spreadsheet may have it: text that begins like a formula becomes text that does not."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{round(value, 4):g}"
    return FORMULA.sub(r"\1'", value) if isinstance(value, str) else value
