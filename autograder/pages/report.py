"""`course report`: the instructor's page about a class's work on one module, `class/report/NN-topic/index.html`.

Any other assignment of nbgrader's has such a page, too, beside its gradebook. It is made from the gradebook and the
judge's records alone, so that it can be written anew after marks by hand. Its size hangs on the assignment and hardly
on the class. It tells of hidden checks, and is no page for learners.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder import pages
from autograder.classroom import LAB, Classroom, write_whole
from autograder.gradebook import results
from autograder.gradebook.results import Question, Results, Submission
from autograder.labs import judged, labbook
from autograder.pages import failures, summary, teaching
from breakwater import syllabus
from breakwater.dev.content import Content, ModuleContent
from breakwater.dev.patches import read_patches

NAMED = 12  # students of one kind; the page gives the number of the others
NAIVE, WRONG = "naive", "wrong/"
CAUGHT = {"failed": "always", "failed|passed": "sometimes"}


def write(name: str, room: Classroom, gradebook: Path | None = None) -> Path:
    """Write the page of a module, or of any assignment in a gradebook of nbgrader's; return it.

    `room` is where the results lie: the class, or the gradebook's folder.

    Raises:
        BadInput: there is no such gradebook, or the module or assignment is not in it.
    """
    page = room.report(name)
    write_whole(page, render(name, room, gradebook))
    return page


def render(name: str, room: Classroom, gradebook: Path | None = None) -> str:
    """The page, as HTML. Raises as `write` does."""
    found = results.read(gradebook or room.gradebook, name)
    records = judged.read(room, name)
    mean, median = summary.middle(found)
    ways = [*summary.failures_of(records).values(), *_of_notebooks(found, name, room)]
    return pages.render(
        "report",
        assignment=name,
        **(_of_assignment(name, gradebook) if gradebook else _of_module(name)),
        handed_in=len(found.submissions),
        absent=len(found.absent),
        max_score=found.max_score,
        mean=mean,
        median=median,
        open=sum(submission.needs_person for submission in found.submissions),
        unknown=[_shown(each) for each in summary.waiting(found) if each.question.notebook == LAB],
        waiting=[_shown(each) for each in summary.waiting(found) if each.question.notebook != LAB],
        histogram=_columns(summary.histogram(found)),
        rates=[rate for rate in summary.rates(found) if rate.question.notebook == LAB],
        notebooks=_notebooks(found, name),
        missed=summary.missed(ways),
        slowest=summary.slowest_submissions(records),
        seconds=summary.check_seconds(records),
    )


def _of_module(module: str) -> dict[str, Any]:
    """What the course says of a module: its title, how `course` is told of it, its checks, what its record shows."""
    checks = labbook.checks_of(module)
    return {
        "title": syllabus.load().find(module).title,
        "which": module[:2],
        "sentences": {str(check.id): check.sentence.splitlines()[0] for check in checks},
        "hidden": {str(check.id) for check in checks if check.hidden},
        "matrix": _matrix(Content().find(module)),
    }


def _of_assignment(name: str, gradebook: Path) -> dict[str, Any]:
    which = shlex.join(["--gradebook", gradebook.name, "--assignment", name])
    return {"title": name, "which": which, "sentences": {}, "hidden": set(), "matrix": {}}


def _of_notebooks(found: Results, module: str, room: Classroom) -> Iterator[dict[Question, str]]:
    """What each submission's notebooks said of the questions that they missed."""
    for submission in found.submissions:
        lost = _lost(submission)
        for notebook in dict.fromkeys(question.notebook for question in lost):
            said = failures.whole(room.autograded(module, submission.student.id) / f"{notebook}.ipynb")
            yield {each: said[each.name] for each in lost if each.notebook == notebook and each.name in said}


def _lost(submission: Submission) -> list[Question]:
    marks = submission.marks.items()
    return [each for each, mark in marks if each.notebook != LAB and (mark.score or 0.0) < each.max_score]


def _shown(waiting: summary.Waiting) -> dict[str, Any]:
    students = waiting.students
    return {"question": waiting.question, "students": students[:NAMED], "more": max(0, len(students) - NAMED)}


def _notebooks(found: Results, module: str) -> dict[str, list[summary.Rate]]:
    """The questions of each notebook but the lab's, by its title."""
    rates, lessons = summary.rates(found), teaching.lessons(module)
    return {
        lessons[name].title if name in lessons else name: [rate for rate in rates if rate.question.notebook == name]
        for name in found.notebooks
        if name != LAB
    }


def _columns(counts: list[int]) -> list[dict[str, Any]]:
    """The histogram's columns, with their heights of 100."""
    most = max([*counts, 1])
    return [
        {"from": 10 * at, "to": 10 * (at + 1), "count": count, "height": count / most * 100}
        for at, count in enumerate(counts)
    ]


def _matrix(content: ModuleContent) -> dict[str, Any]:
    """Which wrong answer is caught by which check, as the module's record has it; nothing where it has none."""
    if not content.record.is_file():
        return {}
    kills: Mapping[str, Mapping[str, str]] = json.loads(content.record.read_text(encoding="utf-8"))["kill_matrix"]
    beliefs = {patch.name: patch.header.get("Misconception", "") for patch in read_patches(content, "wrong")}
    rows = {name: row for name, row in kills.items() if name == NAIVE or name.startswith(WRONG)}
    checks = [name for name in dict.fromkeys(check for row in rows.values() for check in row) if _catches(name, rows)]
    return {
        "checks": checks,
        "rows": [
            {
                "name": name.removeprefix(WRONG),
                "belief": beliefs.get(name, "the shop as it was given out"),
                "cells": [CAUGHT.get(row.get(check, ""), "") for check in checks],
            }
            for name, row in rows.items()
        ],
    }


def _catches(check: str, rows: Mapping[str, Mapping[str, str]]) -> bool:
    return any(row.get(check) in CAUGHT for row in rows.values())
