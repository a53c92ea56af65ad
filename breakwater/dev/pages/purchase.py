"""One purchase as a sequence diagram, from the trace that a recorded run of the first lesson shows of it."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from breakwater.dev.pages import NOTE, _recordings

PATH = "fragments/purchase.html"
LESSON, CELL = "lesson-1-the-answer-that-never-came", "shop.trace()"
LEFT, COLUMN, ROW, HEAD, BOX_W = 46, 72, 27, 34, 66
_STEP = re.compile(r"^\| (?P<at>\d[\d.]*) \| (?P<caller>\w+) → (?P<callee>\w+) \| (?P<says>[^|]*) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One line of the trace: seconds since the buyer asked, from whom to whom, and what was said."""

    at: str
    caller: str
    callee: str
    says: str

    @property
    def is_answer(self) -> bool:
        return " " not in self.says and bool(self.says)


def text() -> str:
    """The picture, which says itself in words, too. Empty until there is a recording."""
    steps = list(_steps())
    columns = {name: LEFT + COLUMN * (n + 0.5) for n, name in enumerate(_participants(steps))}
    width, height = LEFT + COLUMN * len(columns), HEAD + ROW * (len(steps) + 1)
    said = "; ".join(f"{step.at} s {step.caller} to {step.callee} {_short(step)}".strip() for step in steps)
    return "\n".join(
        [
            NOTE.format(source=f"site/recorded/09-resilience/{LESSON}.json"),
            f'<svg class="bw-map bw-wide" viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(said)}">',
            *(_life(name, x, height) for name, x in columns.items()),
            *(_arrow(step, columns, HEAD + ROW * row) for row, step in enumerate(steps, 1)),
            "</svg>\n",
        ]
    )


def _steps() -> Iterator[Step]:
    for module, notebook in _recordings.lessons():
        if notebook.stem == LESSON:
            recording = _recordings.read(_recordings.place(module, notebook))
            traced = [cell for cell in _recordings.cells(notebook) if "".join(cell["source"]) == CELL]
            for result in _recordings.results(recording, traced[0]) if traced else ():
                yield from (Step(**found.groupdict()) for found in _STEP.finditer(result["text"]))


def _participants(steps: list[Step]) -> list[str]:
    return list(dict.fromkeys(name for step in steps for name in (step.caller, step.callee)))


def _short(step: Step) -> str:
    """`Hold` for a gRPC method, `/orders` for a request, the status for an answer."""
    says = step.says.removeprefix("POST ").strip()
    return says.rpartition("/")[2] if says.count("/") > 1 else says


def _life(name: str, x: float, height: float) -> str:
    return (
        f'<path class="bw-life" d="M{x:g} {HEAD - 6}V{height:g}"/>'
        f'<rect x="{x - BOX_W / 2:g}" y="2" width="{BOX_W}" height="{HEAD - 8}" rx="4"/>'
        f'<text class="bw-small bw-name" x="{x:g}" y="19" text-anchor="middle">{html.escape(name)}</text>'
    )


def _arrow(step: Step, columns: dict[str, float], y: float) -> str:
    begin, end = columns[step.caller], columns[step.callee]
    back = -6 if end > begin else 6
    kind = ' class="bw-answer"' if step.is_answer else ""
    return (
        f'<text class="bw-small" x="2" y="{y + 4:g}">{step.at} s</text>'
        f'<path{kind} d="M{begin:g} {y:g}H{end + back:g}"/><path class="bw-head" d="M{end:g} {y:g}l{back} -4v8z"/>'
        f'<text class="bw-small bw-says" x="{(begin + end) / 2:g}" y="{y - 6:g}" text-anchor="middle">'
        f"{html.escape(_short(step))}</text>"
    )
