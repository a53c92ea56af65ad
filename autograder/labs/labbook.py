"""`lab.ipynb`: a lab as nbgrader sees it, one locked graded cell a check.

It is generated; each cell reads the judge's signed report, which lies beside the notebook once the shop has been
judged, prints what happened and evaluates to the points. See `signing` for why a submission cannot forge it.
"""

from collections.abc import Sequence
from typing import Any

from autograder.classroom import LAB, REPORT
from autograder.markup import KERNEL
from breakwater import lab
from breakwater.dev.content import Content
from breakwater.dev.sources import CheckSource, read_checks
from breakwater.errors import BadInput
from breakwater.toml import shown

SUMMARY = "lab-summary"
SUMMARY_TEXT = "## In short\n\nWhat the judge found is the comment on this cell."
INTRODUCTION = """# Lab {number}: {title}

The grader fills this notebook in; nothing in it is yours to edit. Your work is the shop. What its checks say at this
moment: `course check {number}`. Checks marked *hidden* try the same behaviour with other numbers and at other moments.
"""

SETUP = '''import base64
import json
from pathlib import Path

KEY = "{key}"  # the class's public key: it verifies the judge's signature, and can sign nothing


def said():
    """What the judge said about this submission, once its signature holds and it is about this one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    sealed = json.loads(Path("{report}").read_text(encoding="utf-8"))
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(KEY))
    key.verify(base64.b64decode(sealed["signature"]), sealed["signed"].encode())
    report = json.loads(sealed["signed"])
    here = Path.cwd()
    assert (report["student"], report["module"]) == (here.parent.name, here.name), "a report on another submission"
    return report


def mark(check):
    """Print what the judge saw and return the points."""
    if not KEY or not Path("{report}").exists():
        print("Not graded yet. What the checks say now: course check {number}")
        return 0.0
    for row in said()["checks"]:
        if row["id"] == check:
            print(row["verdict"], *filter(None, (row["message"], row["why"])), sep=". ")
            return float(row["points"])
    print("unknown. The judge's report has no such check; grade the module again.")
    return 0.0'''


def checks_of(module: str) -> list[CheckSource]:
    """The module's checks that have points, public ones first, as their files state them.

    Raises:
        BadInput: a check does not state its id or its points.
    """
    found = read_checks(Content().find(module))
    for check in found:
        if check.id is None or check.points is None:
            missing = '@pytest.mark.check("…")' if check.id is None else "@pytest.mark.points(…)"
            raise BadInput(f"{shown(check.file)}, line {check.line}: {check.function} lacks {missing}")
    return [check for check in found if check.points]


def to_notebook(module: str, key: str = "") -> Any:
    """Return the notebook (nbformat 4) of a module's lab. `key` is the class's public key, if it is for a class."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    number, title = module[:2], lab.load(module).title
    setup = SETUP.format(key=key, report=REPORT, number=number)
    cells = [
        new_markdown_cell(INTRODUCTION.format(number=number, title=title).strip()),
        new_code_cell(setup, metadata={"nbgrader": _locked("lab-report")}),
        # nbgrader has a comment for each "task" cell; this one, of no points, holds the reasons in the gradebook.
        new_markdown_cell(SUMMARY_TEXT, metadata={"nbgrader": _locked(SUMMARY) | {"task": True, "points": 0}}),
    ]
    for check in checks_of(module):
        cells += [new_markdown_cell(_heading(check)), new_code_cell(f'mark("{check.id}")', metadata=_graded(check))]
    for position, cell in enumerate(cells, 1):
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id") or f"{LAB}-{position:03d}"
    return new_notebook(cells=cells, metadata=KERNEL)


def max_points(checks: Sequence[CheckSource]) -> float:
    return sum(check.points or 0 for check in checks)


def _heading(check: CheckSource) -> str:
    title = f"Hidden check {check.id}" if check.hidden else check.sentence.splitlines()[0]
    return f"## {title}\n\n{check.points:g} point{'' if check.points == 1 else 's'}"


def _locked(name: str) -> dict[str, Any]:
    return {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": True, "task": False}


def _graded(check: CheckSource) -> dict[str, Any]:
    return {"nbgrader": _locked(str(check.id)) | {"grade": True, "points": check.points}}
