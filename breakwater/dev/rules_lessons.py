"""Lessons: CommonMark only, exercises with tests, links that lead somewhere, and the design's order of parts.

What a lesson's order is can only partly be told from its text. These parts are looked for, each by its first trace:

| part | trace |
| --- | --- |
| retrieval | `<details>`, or a question of the quiz |
| prediction | a cell that calls `predict(` |
| break | a cell with `shop.sale(`, `shop.buy(` … under `weather=` or inside `with shop.…` |
| trace | a cell that calls `shop.trace(` or `shop.ledger(` after it |
| mends | a heading with "two mends" |
| own shop | an answer cell, `answer="own-shop…"` |
| paper | a heading with "paper" |

A module's lessons together have all of them; within one lesson they stand in this order. `predict.compare("x")`
comes after `predict("x")`, and nobody reads longer than five minutes between two things to do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from breakwater.dev.content import ModuleContent
from breakwater.dev.finding import Finding

PARTS = {
    "retrieval": r"^<details|^<!--\s*quiz:",
    "prediction": r"^\s*predict\(",
    "break": r"weather=|^\s*with shop\.",
    "trace": r"shop\.(trace|ledger)\(",
    "mends": r"(?i)^#+ .*two mends",
    "own shop": r"answer=\"own-shop",
    "paper": r"(?i)^#+ .*\bpaper\b",
}
WORDS_A_MINUTE = 230
READING_MINUTES = 5
NOT_COMMONMARK = (
    (re.compile(r"^\s*:::"), "a `:::` directive"),
    (re.compile(r"^\s*(```|~~~)\s*\{"), "a MyST directive"),
    (re.compile(r"^\s*(!!!|\?\?\?)[+ ]"), "a `!!!` admonition"),
    (re.compile(r"\{[a-z:-]+\}`"), "a MyST role"),
)
_CELL = re.compile(r"^```python\b(?P<options>.*)$")
_ANSWER = re.compile(r"^<!--\s*#region\b(?P<options>.*?)-->")
_OPTION = re.compile(r"\b(?P<key>[a-z]+)=\"?(?P<value>\[[^\]]*\]|[^\s\"]+)\"?")
_LINK = re.compile(r"!?\[[^\]]*\]\(<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_INCLUDE = re.compile(r"<!--\s*include:\s*(?P<target>[^\s#]+)(?:#\S+)?\s*-->")
_COMPARE = re.compile(r"predict\.compare\(\s*[\"'](?P<id>[^\"']+)")
_PREDICT = re.compile(r"predict\(\s*[\"'](?P<id>[^\"']+)")


@dataclass(frozen=True)
class Line:
    """One line of a lesson. `code` tells whether it is inside a fence."""

    number: int
    text: str
    code: bool


@dataclass(frozen=True)
class Cell:
    """One thing to do: a code cell or an answer cell, with the options on its opening line."""

    line: int
    options: dict[str, str]
    text: str


def read_lesson(file: Path) -> tuple[tuple[Line, ...], tuple[Cell, ...]]:
    """The lines of a lesson, and its cells in order."""
    return _read(file.read_text(encoding="utf-8"))


@cache
def _read(lesson: str) -> tuple[tuple[Line, ...], tuple[Cell, ...]]:
    lines: list[Line] = []
    cells: list[Cell] = []
    fence = ""
    for number, text in enumerate(lesson.splitlines(), 1):
        opening = _CELL.match(text) if not fence else None
        answer = _ANSWER.match(text) if not fence else None
        if opening or answer:
            options = (opening or answer)["options"]  # type: ignore[index]
            cells.append(Cell(number, {m["key"]: m["value"] for m in _OPTION.finditer(options)}, ""))
        elif fence and cells:
            last = cells[-1]
            cells[-1] = Cell(last.line, last.options, f"{last.text}{text}\n")
        marks = re.match(r"\s*(```+|~~~+)", text)
        lines.append(Line(number, text, bool(fence) and not marks))
        if marks:
            fence = "" if fence and marks[1].startswith(fence) else fence or marks[1]
    return tuple(lines), tuple(cells)


def lessons_are_commonmark(module: ModuleContent) -> Iterator[Finding]:
    """No directive or admonition that JupyterLab or the site would show raw."""
    for file in module.lessons:
        for line in read_lesson(file)[0]:
            for pattern, name in NOT_COMMONMARK:
                if not line.code and pattern.search(line.text):
                    remedy = "write CommonMark (a note is `> [!NOTE]`)"
                    yield module.finding(file, line.number, "commonmark", f"{name} is not CommonMark", remedy)


def exercises_have_tests(module: ModuleContent) -> Iterator[Finding]:
    """Each exercise is followed by a public and a hidden test; ids are unique; what is graded has points."""
    seen: dict[str, str] = {}
    for file in module.lessons:
        cells = read_lesson(file)[1]
        for cell in cells:
            for rule, what, remedy in _cell_faults(cell, cells):
                yield module.finding(file, cell.line, rule, what, remedy)
            name = _cell_id(cell)
            if name in seen:
                what = f"the id `{name}` is taken in {seen[name]}"
                yield module.finding(file, cell.line, "cell-id", what, "give it an id of its own")
            elif name:
                seen[name] = f"{file.name}:{cell.line}"


def _cell_id(cell: Cell) -> str:
    return next((cell.options[key] for key in ("exercise", "test", "answer") if key in cell.options), "")


def _cell_faults(cell: Cell, cells: tuple[Cell, ...]) -> Iterator[tuple[str, str, str]]:
    name = _cell_id(cell)
    if "exercise" in cell.options:
        yield from _exercise_faults(name, cell, cells)
    elif name and not _is_positive(cell.options.get("points", "")):
        yield "cell-points", f"`{name}` is graded and has no points", "add points=N to its opening line"


def _exercise_faults(name: str, cell: Cell, cells: tuple[Cell, ...]) -> Iterator[tuple[str, str, str]]:
    begun, ended = (cell.text.count(f"### {mark} SOLUTION") for mark in ("BEGIN", "END"))
    if not begun or begun != ended:
        remedy = "enclose the solution in ### BEGIN SOLUTION and ### END SOLUTION"
        yield "exercise-solution", f"exercise `{name}` has no solution", remedy
    tests = [c for c in cells if c.line > cell.line and c.options.get("test", "").startswith(f"{name}-")]
    hidden = [test for test in tests if "### BEGIN HIDDEN TESTS" in test.text]
    if len(hidden) == len(tests):
        remedy = f'add a cell test="{name}-public" points=N after it'
        yield "exercise-tests", f"exercise `{name}` has no public test", remedy
    if not hidden:
        remedy = f'add a cell test="{name}-hidden" points=N with ### BEGIN HIDDEN TESTS after it'
        yield "exercise-tests", f"exercise `{name}` has no hidden test", remedy


def shown_cells_give_nothing_away(module: ModuleContent) -> Iterator[Finding]:
    """No cell that is solved or graded has the tag by which the site shows a cell and what it gave."""
    for file in module.lessons:
        for cell in read_lesson(file)[1]:
            name = _cell_id(cell)
            if name and "show" in re.findall(r"[\w-]+", cell.options.get("tags", "")):
                what = f"`{name}` is solved or graded, and its tag `show` would put it on the site"
                yield module.finding(file, cell.line, "cell-show", what, "remove the tag from its opening line")


def _is_positive(number: str) -> bool:
    return number.replace(".", "", 1).isdigit() and float(number) > 0


def parts_are_in_order(module: ModuleContent) -> Iterator[Finding]:
    """All parts of the design are there; in each lesson they stand in its order."""
    found: set[str] = set()
    for file in module.lessons:
        places = {part: _first(file, pattern) for part, pattern in PARTS.items()}
        places["trace"] = _first(file, PARTS["trace"], after=places["break"])
        here = [part for part in PARTS if places[part]]
        found.update(here)
        for before, after in pairwise(here):
            if places[after] < places[before]:
                what = f"the part `{after}` comes before `{before}` (line {places[before]})"
                yield module.finding(file, places[after], "lesson-order", what, "move it after that one")
    for part in PARTS if module.lessons else ():
        if part not in found:
            what = f"no trace of the part `{part}` ({PARTS[part]})"
            yield module.finding(module.lessons[0], 0, "lesson-parts", what, "write it")


def _first(file: Path, pattern: str, after: int = 0) -> int:
    lines = read_lesson(file)[0][after:]
    return next((line.number for line in lines if re.search(pattern, line.text)), 0)


def predictions_come_first(module: ModuleContent) -> Iterator[Finding]:
    """What is compared was predicted before."""
    for file in module.lessons:
        predicted: set[str] = set()
        for line in read_lesson(file)[0]:
            predicted.update(found["id"] for found in _PREDICT.finditer(line.text))
            for found in _COMPARE.finditer(line.text):
                if found["id"] not in predicted:
                    what = f"`{found['id']}` is compared before it is predicted"
                    remedy = f'put predict("{found["id"]}", …) before the run'
                    yield module.finding(file, line.number, "predict-first", what, remedy)


def reading_is_short(module: ModuleContent) -> Iterator[Finding]:
    """Five minutes of reading at most between two things to do."""
    most = WORDS_A_MINUTE * READING_MINUTES
    for file in module.lessons:
        words, start = 0, 1
        for line in (*read_lesson(file)[0], Line(0, "```", False)):
            if re.match(r"```|<details|<!-- #region|<!--\s*quiz:", line.text):
                if words > most:
                    what = f"{words} words ({words / WORDS_A_MINUTE:.0f} minutes) with nothing to do"
                    remedy = f"cut it, or ask something (at most {READING_MINUTES} minutes)"
                    yield module.finding(file, start, "reading-short", what, remedy)
                words, start = 0, line.number
            elif not line.code:
                words += len(line.text.split())


def links_lead_somewhere(module: ModuleContent) -> Iterator[Finding]:
    """Each relative link of lessons and guide leads to a file, each `#fragment` of the same page to a heading."""
    for file in (*module.lessons, module.lab / "README.md"):
        if not file.is_file():
            continue
        lines = [line for line in read_lesson(file)[0] if not line.code]
        anchors = {_anchor(line.text) for line in lines if line.text.startswith("#")}
        for line in lines:
            for found in (*_LINK.finditer(line.text), *_INCLUDE.finditer(line.text)):
                if not _leads(file, unquote(found["target"]), anchors):
                    what = f"`{found['target']}` leads nowhere"
                    yield module.finding(file, line.number, "link", what, "name a file, or heading, that exists")


def _leads(file: Path, target: str, anchors: set[str]) -> bool:
    path, _, fragment = target.partition("#")
    if re.match(r"[a-z]+:", target):
        return True
    if not path:
        return fragment.lower() in anchors
    return (file.parent / path).exists()


def _anchor(heading: str) -> str:
    """The fragment of a heading, in small letters: JupyterLab keeps the case, the site does not."""
    return re.sub(r"\s+", "-", heading.lstrip("#").strip()).lower()
