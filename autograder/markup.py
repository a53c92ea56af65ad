"""From a lesson's text to nbgrader's source notebook.

A lesson is CommonMark, read by jupytext. Three marks make a cell count; each id is used once in a module.

| in lesson.md | becomes |
| --- | --- |
| ```` ```python exercise="NAME" ```` | a code cell for the learner to fill in |
| ```` ```python test="NAME" points=2 ```` | a locked, graded cell |
| `<!-- #region answer="NAME" points=3 -->` … `<!-- #endregion -->` | the question, and a cell that a person marks |

A code cell with `tags=["show"]` appears on the site, with what it gave; one that is solved or graded may not have it.

What learners must not see stands between `### BEGIN …` and `### END …`: in an exercise the `SOLUTION`, in a test the
`HIDDEN TESTS` (not every test has some), in an answer the `MARK SCHEME` or a `SOLUTION`, for whoever marks it.
`<!-- include: FILE -->` on a line of its own stands for the contents of FILE, beside the lesson or in `labs/`, which
learners have too; `FILE.py#Class.method` for that part of it, as code to read. `<!-- quiz: ID -->` stands for that
question of `quiz.toml` beside the lesson, with its explained answers, in a cell of its own. Every other fence than
```` ```python ```` is prose; so is a Python one with ` .noeval`.
"""

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from breakwater.dev import quiz
from breakwater.dev.digest import lesson_digest
from breakwater.errors import BadInput, did_you_mean
from breakwater.toml import shown

CODE_KEYS = {"exercise", "test", "points", "tags"}
ANSWER_KEYS = {"answer", "points"}
KINDS = ("exercise", "test", "answer")
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

_FENCE = re.compile(r"^(?P<marks>```+)[ \t]*(?P<language>[^\s`]*)(?P<options>[^`]*)$")
_OTHER_FENCE = re.compile(r"^\s*(?P<marks>```+|~~~+)")
_REGION = re.compile(r"^<!--\s*#region\b(?P<options>.*?)-->\s*$")
_END_REGION = re.compile(r"^<!--\s*#endregion\s*-->\s*$")
_INCLUDE = re.compile(r"^<!--\s*include:\s*(?P<file>[^\s#]+)(?:#(?P<part>\S+))?\s*-->\s*$")
_BLOCKS = {
    "SOLUTION": "exercise",
    "HIDDEN TESTS": "test",
    "MARK SCHEME": "answer",
}
_MARK_SCHEME = re.compile(r"^[^\n]*### BEGIN (MARK SCHEME|SOLUTION)[^\n]*\n(.*?)^[^\n]*### END \1[^\n]*$", re.S | re.M)


@dataclass
class Marked:
    """One code cell or answer region of a lesson: where it begins, what its opening line says, its text."""

    line: int
    code: bool
    options: dict[str, Any]
    text: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return next((kind for kind in KINDS if kind in self.options), "")

    @property
    def name(self) -> str:
        return str(self.options.get(self.kind, ""))


def to_notebook(lesson: Path, taken: dict[str, str] | None = None) -> Any:
    """Return the notebook (nbformat 4) of a lesson, with nbgrader's metadata.

    `taken` maps the ids that are used elsewhere in the module to their place; the lesson's own are added to it.

    Raises:
        BadInput: a mark is wrong; one line with file, line and remedy.
    """
    text = _with_includes(lesson)
    cells = list(_scan(lesson, text))
    for cell in cells:
        _examine(lesson, cell, {} if taken is None else taken)
    return _assemble(lesson, text, cells)


def _with_includes(lesson: Path) -> list[str]:
    """The lesson's lines; an include stays one line here, so that numbers in messages are the author's."""
    return lesson.read_text(encoding="utf-8").splitlines()


def _fault(lesson: Path, line: int, message: str) -> BadInput:
    return BadInput(f"{shown(lesson)}, line {line}: {message}")


def _scan(lesson: Path, lines: list[str]) -> Iterator[Marked]:
    """The code cells and answer regions in order."""
    fence, opened, cell = "", 0, None
    for number, line in enumerate(lines, 1):
        if fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
                if cell and cell.code:
                    yield cell
                    cell = None
            elif cell:
                cell.text.append(line)
        elif cell and _END_REGION.match(line):
            yield cell
            cell = None
        elif found := _REGION.match(line):
            cell = Marked(number, False, _options(lesson, number, found["options"]))
        elif cell:
            if quiz.ASKED.match(line):
                raise _fault(lesson, number, "a quiz has a cell of its own: move it out of this region")
            cell.text.append(line)
        elif marks := _OTHER_FENCE.match(line):
            fence, opened = marks["marks"], number
            code = _FENCE.match(line)
            if code and _is_cell(code):
                cell = Marked(number, True, _options(lesson, number, code["options"]))
    if fence:
        raise _fault(lesson, opened, f"this fence is never closed: end it with {fence}")
    if cell:
        raise _fault(lesson, cell.line, "this region is never closed: end it with <!-- #endregion -->")


def _is_cell(fence: re.Match[str]) -> bool:
    return fence["language"] in ("python", "python3") and ".noeval" not in fence["options"].split()


def _options(lesson: Path, line: int, text: str) -> dict[str, Any]:
    from jupytext.cell_metadata import parse_key_equal_value

    options: dict[str, Any] = parse_key_equal_value(text)
    if "incorrectly_encoded_metadata" in options:
        raise _fault(lesson, line, f'`{text.strip()}` cannot be read: write key="value", points=2')
    return options


def _examine(lesson: Path, cell: Marked, taken: dict[str, str]) -> None:
    """Raise on what is wrong with one cell's opening line and blocks."""
    known = CODE_KEYS if cell.code else ANSWER_KEYS
    for key in cell.options:
        if key not in known:
            remedy = did_you_mean(key, known) or f" Known: {', '.join(sorted(known))}."
            raise _fault(lesson, cell.line, f"unknown key `{key}`.{remedy}")
    if sum(kind in cell.options for kind in KINDS) > 1:
        raise _fault(lesson, cell.line, "a cell is an exercise or a test, not both: split it")
    if cell.kind:
        _examine_name(lesson, cell, taken)
    _examine_points(lesson, cell)
    _examine_blocks(lesson, cell)


def _examine_name(lesson: Path, cell: Marked, taken: dict[str, str]) -> None:
    name = cell.options[cell.kind]
    if not isinstance(name, str) or not ID.fullmatch(name) or len(name) > 64:
        raise _fault(lesson, cell.line, f"`{name}` is no id: use small letters, digits and hyphens, at most 64")
    if name in taken:
        raise _fault(lesson, cell.line, f"the id `{name}` is taken by {taken[name]}: give it one of its own")
    taken[name] = f"{shown(lesson)}, line {cell.line}"


def _examine_points(lesson: Path, cell: Marked) -> None:
    graded = cell.kind in ("test", "answer")
    points = cell.options.get("points")
    if "points" not in cell.options:
        if graded:
            raise _fault(lesson, cell.line, f"{cell.kind} `{cell.name}` has no points: add points=1")
    elif not graded:
        raise _fault(lesson, cell.line, "points belong on a test or an answer: move them there")
    elif isinstance(points, bool) or not isinstance(points, int | float) or points < 0:
        raise _fault(lesson, cell.line, f"points must be a number of 0 or more, not {points!r}: write points=2")


def _examine_blocks(lesson: Path, cell: Marked) -> None:
    for block, owner in _BLOCKS.items():
        begins = [n for n, line in enumerate(cell.text, 1) if f"### BEGIN {block}" in line]
        ends = [n for n, line in enumerate(cell.text, 1) if f"### END {block}" in line]
        if len(begins) != len(ends) or any(end < begin for begin, end in zip(begins, ends, strict=True)):
            raise _fault(lesson, cell.line, f"### BEGIN {block} and ### END {block} do not pair up here")
        if begins and cell.kind != owner and not (block == "SOLUTION" and cell.kind == "answer"):
            raise _fault(lesson, cell.line + begins[0], f'### BEGIN {block} belongs in a cell with {owner}="…"')
        if block == "SOLUTION" and cell.kind == "exercise" and not begins:
            remedy = "enclose what learners must not see in ### BEGIN SOLUTION and ### END SOLUTION"
            raise _fault(lesson, cell.line, f"exercise `{cell.name}` has no solution: {remedy}")


def _assemble(lesson: Path, lines: list[str], marked: list[Marked]) -> Any:
    import jupytext
    from nbformat.v4 import new_notebook

    form = {"extension": ".md", "format_name": "markdown", "split_at_heading": True}
    read = jupytext.reads("\n".join(_for_jupytext(lesson, lines)), fmt=form)
    marks = iter(marked)
    cells = []
    for cell in read.cells:
        if cell.cell_type == "raw":
            continue
        is_marked = cell.cell_type == "code" or set(cell.metadata) & ANSWER_KEYS
        cells.extend(_cells_of(cell, next(marks) if is_marked else None))
    for position, cell in enumerate(cells, 1):
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell-{position:03d}"
    return new_notebook(cells=cells, metadata=KERNEL | {"breakwater": {"source": lesson_digest(lesson)}})


def _for_jupytext(lesson: Path, lines: list[str]) -> Iterator[str]:
    """The lesson with its includes, and with each fence that is no cell marked so."""
    fence = ""
    for number, line in enumerate(lines, 1):
        if fence:
            fence = "" if line.strip().startswith(fence) and not line.strip().strip(fence[0]) else fence
        elif found := _INCLUDE.match(line):
            yield from _included(lesson, number, found["file"], found["part"] or "")
            continue
        elif found := quiz.ASKED.match(line):
            yield from _asked(lesson, number, found["id"])
            continue
        elif marks := _OTHER_FENCE.match(line):
            fence = marks["marks"]
            code = _FENCE.match(line)
            if code and code["language"] and not _is_cell(code) and ".noeval" not in line:
                line = f"{line.rstrip()} .noeval"
        yield line


def _included(lesson: Path, number: int, name: str, part: str) -> list[str]:
    file = (lesson.parent / name).resolve()
    open_to_all = (lesson.parent.resolve(), lesson.resolve().parents[2] / "labs")
    if not file.is_file() or not any(file.is_relative_to(folder) for folder in open_to_all):
        raise _fault(lesson, number, f"there is no file {name} beside the lesson, or in labs/, to include")
    text = file.read_text(encoding="utf-8").rstrip("\n")
    if not part:
        return text.splitlines()
    code = _part_of(text, part)
    if not code:
        raise _fault(lesson, number, f"{name} defines no {part} to include")
    return ["```python .noeval", *code, "```"]


def _asked(lesson: Path, number: int, name: str) -> list[str]:
    """A question of the quiz as a region, which jupytext makes a cell."""
    file = lesson.parent / quiz.QUIZ
    questions = quiz.read(file) if file.is_file() else {}
    if name not in questions:
        remedy = did_you_mean(name, questions) or f" Write it in {shown(file)}."
        raise _fault(lesson, number, f"there is no question `{name}` in the quiz.{remedy}")
    return ["<!-- #region -->", *quiz.to_markdown(questions[name]).splitlines(), "<!-- #endregion -->"]


def _part_of(program: str, name: str) -> list[str]:
    """The lines of a function or class, by its qualified name, moved to the margin; none if there is none such."""
    node: ast.AST = ast.parse(program)
    for word in name.split("."):
        within = [each for each in ast.iter_child_nodes(node) if getattr(each, "name", "") == word]
        if not within:
            return []
        node = within[0]
    lines = program.splitlines()[node.lineno - 1 : node.end_lineno]  # type: ignore[attr-defined]
    return textwrap.dedent("\n".join(lines)).splitlines()


def _cells_of(cell: Any, mark: Marked | None) -> list[Any]:
    from nbformat.v4 import new_code_cell, new_markdown_cell

    if mark is None:
        return [new_markdown_cell(re.sub(r"^(```.*?) \.noeval\b", r"\1", cell.source, flags=re.M))]
    if mark.code:
        metadata = {"tags": mark.options["tags"]} if "tags" in mark.options else {}
        return [new_code_cell(cell.source, metadata=metadata | _nbgrader(mark))]
    blocks = [found[2].rstrip() for found in _MARK_SCHEME.finditer(cell.source)]
    for_marker = "\n".join(["### BEGIN SOLUTION", *blocks, "### END SOLUTION"])
    question = _MARK_SCHEME.sub("", cell.source).strip()
    answer = new_markdown_cell(for_marker, metadata=_nbgrader(mark))
    return [new_markdown_cell(question), answer] if question else [answer]


def _nbgrader(mark: Marked) -> dict[str, Any]:
    """The cell's metadata in nbgrader's schema 3."""
    if not mark.kind:
        return {}
    graded = mark.kind in ("test", "answer")
    return {
        "nbgrader": {
            "schema_version": 3,
            "grade_id": mark.name,
            "grade": graded,
            "solution": mark.kind in ("exercise", "answer"),
            "locked": mark.kind == "test",
            "task": False,
        }
        | ({"points": mark.options["points"]} if graded else {})
    }
