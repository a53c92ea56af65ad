"""Where a module teaches what a check tests: from the check's outcome to sections of its lessons, and to a paper.

Nothing is listed by hand. A public check names its outcome, and its hints name what to read; so an outcome is taught
where the hints of its public checks lead. A hidden check has the reading of its outcome, and so tells nothing more.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from breakwater import paths, syllabus
from breakwater.checks import hints
from breakwater.checks.hints import Hints
from breakwater.dev.content import Content
from breakwater.dev.sources import CheckSource, read_checks
from breakwater.errors import BadInput

_READ = re.compile(r'lesson (?P<number>\d+), "(?P<heading>[^"]+)"')
_HEADING = re.compile(r"^#{1,6} +(?P<heading>.+?) *$", re.MULTILINE)
_PAPER = re.compile(r"^#{1,6} +A paper\b[^\n]*\n+(?P<paper>[^\n]+?\d{4}\))", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """Something to read. `says` names it; a section of a lesson has its `notebook` and its `heading`, too."""

    says: str
    notebook: str = ""
    heading: str = ""
    paper: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a module teaches, in a sentence, and where."""

    id: str
    sentence: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Lesson:
    """A lesson as learners have it: its headings, its paper, and under which heading each graded cell stands."""

    title: str
    headings: tuple[str, ...]
    paper: str
    sections: dict[str, str]


@cache
def outcomes(module: str) -> dict[str, Outcome]:
    """The outcomes of a module, by their ids."""
    content = Content()
    checks = read_checks(content.find(module), hidden=False)
    sentences = syllabus.load().find(module).outcomes
    return {name: Outcome(name, sentence, _taught(module, name, checks)) for name, sentence in sentences.items()}


def of_check(module: str, check: str) -> tuple[Place, ...]:
    """What the hints of a check say is to be read; nothing where it has none."""
    found = hints_of(module, check)
    return (_place(module, found.read),) if found and found.read else ()


@cache
def hints_of(module: str, check: str) -> Hints | None:
    """The hints of a check, if it has any."""
    try:
        return hints.find(module, check)
    except BadInput:
        return None


@cache
def lessons(module: str) -> dict[str, Lesson]:
    """A module's released lessons, by the names of their notebooks."""
    return {file.stem: _lesson(file) for file in sorted((paths.MODULES / module).glob("lesson*.ipynb"))}


def _taught(module: str, outcome: str, checks: list[CheckSource]) -> tuple[Place, ...]:
    found = (place for check in checks if check.outcome == outcome for place in of_check(module, str(check.id)))
    return tuple(dict.fromkeys(found))


def _place(module: str, read: str) -> Place:
    named = _READ.fullmatch(read)
    for notebook, lesson in lessons(module).items() if named else ():
        if named and notebook.startswith(f"lesson-{named['number']}-") and named["heading"] in lesson.headings:
            return Place(_curly(read), notebook, named["heading"], lesson.paper)
    return Place(_curly(read))


def _curly(text: str) -> str:
    return re.sub(r'"([^"]*)"', r"“\1”", text)


def _lesson(file: Path) -> Lesson:
    cells: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["cells"]
    headings: list[str] = []
    sections: dict[str, str] = {}
    paper = ""
    for cell in cells:
        text = "".join(cell["source"])
        if name := cell["metadata"].get("nbgrader", {}).get("grade_id"):
            sections[name] = headings[-1] if headings else ""
        elif cell["cell_type"] == "markdown":
            headings += [found["heading"] for found in _HEADING.finditer(text)]
            paper = found["paper"] if (found := _PAPER.search(text)) else paper
    return Lesson(headings[0] if headings else file.stem, tuple(headings), paper, sections)
