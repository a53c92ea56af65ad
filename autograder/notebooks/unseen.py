"""What is shown of a notebook where its hidden tests are to stay hidden: what it shows when none of them has run.

Whoever is called knows with what. A learner's function can keep what a hidden test called it with, and a later cell
print it, or a public test's error say it. So such a notebook runs a second time, without its hidden tests, and what
its cells show is taken from there. The points are those of the first run, and what stands in a cell afterwards gives
the same ones. Where nothing is shown there is nothing to tell, and no second run.

Where nbgrader's own feedback is written, which shows hidden tests to everybody, there is nothing to protect.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.notebooks import _shown
from autograder.notebooks._shown import DECIDES, Output
from autograder.notebooks.score import points_of_test

HIDDEN = re.compile(r"^[^\n]*### BEGIN HIDDEN TESTS[^\n]*\n.*?^[^\n]*### END HIDDEN TESTS[^\n]*(\n|$)", re.S | re.M)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ARROW = re.compile(r"^-+> (\d+) ", re.M)
ONLY_AFTER = "It passed while no hidden test had run, and no longer when one had."


def cut(source: str) -> str:
    """A cell's source without its hidden tests."""
    return HIDDEN.sub("", source).rstrip()


def hidden_from(source: str) -> int:
    """The line, counted from 1, at which a cell's hidden tests begin; 0 if it has none."""
    found = HIDDEN.search(source)
    return source[: found.start()].count("\n") + 1 if found else 0


def is_public(error: Any, hidden: int) -> bool:
    """Whether an error arose above the line `hidden`, where hidden tests begin.

    Its name and its message may be the learner's. So neither is read for where it arose, and a class of errors that
    is called as ours is none of ours: ours has its one line, and no trace of a test.
    """
    trace = "\n".join(part for part in error["traceback"] if error["ename"] not in part)
    line = ARROW.search(COLOUR.sub("", trace))
    not_judged = error["ename"] == "NotJudged" and len(error["traceback"]) == 1
    return not_judged or (line is not None and int(line[1]) < hidden)


def is_told(cells: Sequence[Any], judged: Sequence[bool]) -> bool:
    """Whether code cells that have run show anything in which a hidden test's doing could be read.

    `judged` says of each whether it is a test that ran in the judge: of any other all that it shows may be forged.
    """
    return any(map(_hides, cells)) and any(map(_tells, cells, judged))


def _hides(cell: Any) -> bool:
    return bool(hidden_from(cell.source))


def _tells(cell: Any, is_judged: bool) -> bool:
    hidden = hidden_from(cell.source)
    read = [out for out in cell.outputs if not hidden or (out["output_type"] == "error" and is_public(out, hidden))]
    return any(not (is_judged and _is_bare(output)) for output in read)


def _is_bare(output: Any) -> bool:
    """Whether it says no more than that an assertion of a test failed."""
    return output["output_type"] == "error" and output["ename"] == "AssertionError" and not output["evalue"]


def shown(cell: Any, second: list[Output]) -> list[Output]:
    """What a cell that has run is to show, where it showed `second` while no hidden test had run."""
    about: Mapping[str, Any] = cell.metadata.get("nbgrader", {})
    if not about.get("grade") or about.get("solution"):
        return second
    first, most = list(cell.outputs), float(about["points"])
    if _hides(cell) and not _error(second) and not _is_public_error(first, hidden_from(cell.source)):
        return first  # for an instructor; a learner is told no more than that it failed
    points = points_of_test(first, most)
    if points_of_test(second, most) == points:
        return second
    told = [output for output in second if output["output_type"] not in DECIDES]
    if points == most:
        return told
    failed = _error([next(output for output in first if output["output_type"] in DECIDES)])
    return [*told, _shown.error("AssertionError", ONLY_AFTER) if failed else _shown.result(f"{points:g}")]


def _error(outputs: Sequence[Any]) -> Any:
    return next((output for output in outputs if output["output_type"] == "error"), None)


def _is_public_error(outputs: Sequence[Any], hidden: int) -> bool:
    error = _error(outputs)
    return error is not None and is_public(error, hidden)
