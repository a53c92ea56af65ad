"""Reports, records and pages of submissions that nobody handed in."""

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from autograder.classroom import LAB, Classroom
from autograder.gradebook.results import Mark, Question, Student, Submission
from autograder.labs import public
from autograder.pages import feedback
from breakwater.checks.verdict import CheckResult, Measurement, Report, Verdict

MODULE = "09-resilience"
LESSON = "lesson-1-the-answer-that-never-came"
WAIT = Measurement("longest wait of a buyer", 5.2, 2.5, "s")
STORY = (
    "buyer 1 → gateway 0.00 s · gateway → orders POST /orders for buyer 1 0.02 s · payments hangs 0.03 s · "
    "provider captured 4500 cents for buyer 1 0.05 s · gateway → buyer 1 (503) 0.90 s"
)


def check(id: str = "slow-payment", verdict: str = "failed", **more: Any) -> CheckResult:
    """One check's result, public unless it says otherwise."""
    told = {
        "id": id,
        "verdict": Verdict(verdict),
        "points": 3.0 if verdict == "passed" else 0.0,
        "max_points": 3.0,
        "sentence": "A slow payment does not hold the order endpoint.",
        "message": "with payments answering after 5.0 s, a buyer waited 5.2 s for an answer (allowed: 2.5 s)",
        "seconds": 9.0,
        "outcome": "resilience.timeout",
        "why": "orders waited 5.0 s for payments, to the end",
        "evidence": (STORY,),
        "next": 'course hint 09 slow-payment        Read: lesson 1, "Deadlines nest"',
        "measurements": (WAIT,),
    }
    return CheckResult(**(told | more))


def submission(
    marks: Mapping[Question, Mark] | None = None, student: str = "ada", late_s: float = 0.0, penalty: float = 0.0
) -> Submission:
    return Submission(Student(student), marks or {}, late_s=late_s, penalty=penalty)


def page(
    *checks: CheckResult,
    submission: Submission | None = None,
    notebooks: list[dict[str, Any]] | None = None,
    notes: tuple[str, ...] = (),
    folder: Path = Path("nowhere"),
) -> str:
    """A feedback page of module 09."""
    handed_in = submission or Submission(
        Student("ada"),
        {Question(LAB, c.id, c.max_points): Mark(None if c.verdict == "unknown" else c.points, False) for c in checks},
    )
    said = public.view(Report(MODULE, "embedded", checks)) | {"notes": notes}
    return feedback.render("A lab", MODULE, said, handed_in, notebooks or [], folder)


def judged(room: Classroom, student: str, *checks: CheckResult, module: str = MODULE) -> None:
    """Keep a report as the judge's record of a student."""
    file = room.judged(module, student)
    file.parent.mkdir(parents=True, exist_ok=True)
    record = {"report": Report(module, "embedded", checks).to_json(), "seconds": {"lab": 80.0, "notebooks": 2.0}}
    file.write_text(json.dumps(record), encoding="utf-8")


class _Shape(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = tuple((name, None if name in ("aria-label", "id", "src") else value) for name, value in attrs)
        self.tags.append((tag, told))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def shape(html: str) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
    """The elements of a page with their attributes, without its text."""
    parser = _Shape()
    parser.feed(html)
    parser.close()
    return parser.tags


def text(html: str) -> str:
    """What can be read on a page."""
    parser = _Shape()
    parser.feed(html)
    return " ".join("".join(parser.text).split())
