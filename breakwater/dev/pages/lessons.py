"""The lessons as pages: the prose, the code that its author tagged `show`, and what a recorded run of it gave.

Of other code a page says where it is: an exercise by its name, the rest in one line. A test goes with its exercise.
"""

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from breakwater.dev.pages import NOTE, _recordings, link
from breakwater.dev.pages._recordings import Cell, Recording

ABOUT = (
    '<p class="bw-note">What stands under a cell comes from a recorded run with every exercise solved. '
    "To take the lesson yourself: <code>make start</code>.</p>"
)
EXERCISE = '<p class="bw-exercise">Exercise <code>{name}</code>: in the notebook, with its tests.</p>'
GUESS = '<p class="bw-exercise">In the notebook: your guess, beside what happened.</p>'
CODE = '<p class="bw-exercise">In the notebook: a cell of code.</p>'
_TEX = {r"\lambda ": "λ", r"\lambda": "λ", " - ": " − "}


def texts() -> Iterator[tuple[str, str]]:
    """A page a lesson."""
    for module, notebook in _recordings.lessons():
        path = f"modules/{module.id}/{notebook.stem}.md"
        recording = _recordings.read(_recordings.place(module, notebook))
        source = f"solutions/{module.id}/{notebook.stem}.md and a recorded run"
        yield path, _page(path, NOTE.format(source=source), _recordings.cells(notebook), recording)


def title(notebook: Path) -> str:
    """A lesson's own title."""
    return "".join(_recordings.cells(notebook)[0]["source"]).splitlines()[0].lstrip("# ")


def _page(path: str, note: str, cells: list[Cell], recording: Recording) -> str:
    parts = [part for cell in cells for part in _cell(path, cell, recording)]
    head, _, body = "\n\n".join(parts).partition("\n")
    return f"{head}\n\n{note}\n\n{ABOUT}\n{body.rstrip()}\n"


def _cell(path: str, cell: Cell, recording: Recording) -> Iterator[str]:
    if _recordings.may_show(cell):
        text = _recordings.shown(cell)
        yield _prose(text) if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
        yield from (_result(path, result) for result in _recordings.results(recording, cell))
    elif cell["cell_type"] == "code":
        yield from _instead(cell)


def _instead(cell: Cell) -> Iterator[str]:
    """What stands for code that a page may not show."""
    mark = cell["metadata"].get("nbgrader", {})
    if mark.get("solution"):
        yield EXERCISE.format(name=mark["grade_id"])
    elif not mark:
        yield GUESS if "predict.compare(" in "".join(cell["source"]) else CODE


def _result(path: str, result: Mapping[str, str]) -> str:
    """What a cell gave, told apart from the prose around it."""
    text = result["text"].strip("\n")
    if result["kind"] == "picture":
        source, alt = link(path, result["text"]), html.escape(result["alt"])
        return f'<figure class="bw-paper"><img src="{source}" alt="{alt}"><figcaption>{alt}</figcaption></figure>'
    if result["kind"] == "markdown":
        return f'<div class="bw-result" markdown="1">\n\n{text}\n\n</div>'
    return f'<pre class="bw-result" tabindex="0">{html.escape(text)}</pre>'


def _prose(text: str) -> str:
    """A cell's CommonMark as Python-Markdown takes it: details open, anchors as it spells them, formulas as text."""
    text = text.replace("<details>", '<details markdown="1">')
    text = re.sub(r"\]\(#([^)]+)\)", lambda found: f"](#{found[1].lower()})", text)
    return re.sub(r"\$([^$\n]+)\$", lambda found: f"*{_formula(found[1])}*", text)


def _formula(tex: str) -> str:
    """A formula of one line in Unicode; what is not in the table stays, and a test finds it."""
    for word, sign in _TEX.items():
        tex = tex.replace(word, sign)
    return re.sub(r"\^\{([^}]*)\}", r"<sup>\1</sup>", tex)
