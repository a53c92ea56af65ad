"""What is generated is up to date: the notebooks with their lessons, the record with what it was made from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from breakwater.dev import pages
from breakwater.dev.content import Content, ModuleContent
from breakwater.dev.digest import cells_digest, lab_digest, lesson_digest
from breakwater.dev.finding import Finding
from breakwater.dev.margins import Margin, thin
from breakwater.dev.sources import read_checks


def notebooks_are_current(module: ModuleContent) -> Iterator[Finding]:
    """Each lesson's notebook was generated from the lesson as it is: `metadata.breakwater.source` is its digest."""
    remedy = f"course release {module.number}"
    for lesson in module.lessons:
        notebook = module.notebooks / f"{lesson.stem}.ipynb"
        if not notebook.is_file():
            yield module.finding(notebook, 0, "notebook-current", f"{lesson.name} has no notebook", remedy)
        elif _source(notebook) != lesson_digest(lesson):
            what = f"it was generated from an older {lesson.name}"
            yield module.finding(notebook, 0, "notebook-current", what, remedy)


def lab_notebook_is_current(module: ModuleContent) -> Iterator[Finding]:
    """modules/NN-topic/lab.ipynb has one graded cell a check, with its points."""
    notebook = module.notebooks / "lab.ipynb"
    checks = {(check.id, check.points) for check in read_checks(module) if check.points}
    if checks and checks != set(_graded(notebook)):
        what = "its graded cells are not the checks that there are" if notebook.is_file() else "there is none"
        yield module.finding(notebook, 0, "notebook-current", what, f"course release {module.number}")


def _graded(notebook: Path) -> Iterator[tuple[str, float]]:
    for cell in read_json(notebook).get("cells", []):
        mark = cell.get("metadata", {}).get("nbgrader", {})
        if mark.get("grade"):
            yield mark.get("grade_id"), mark.get("points")


def _source(notebook: Path) -> str | None:
    metadata = read_json(notebook).get("metadata", {})
    return metadata.get("breakwater", {}).get("source") if isinstance(metadata, dict) else None


def record_is_current(module: ModuleContent) -> Iterator[Finding]:
    """record.json and goldens.json are of the content as it is."""
    remedy = f"course dev record {module.number}"
    record = read_json(module.record)
    if "digest" not in record:
        yield module.finding(module.record, 0, "record-current", "there is no record", remedy)
    elif record.get("digest") != lab_digest(module):
        what = "something that can change a verdict is newer than the record"
        yield module.finding(module.record, 0, "record-current", what, remedy)
    elif record.get("cells") != cells_digest(module):
        yield module.finding(module.record, 0, "record-current", "a lesson's code is newer than the record", remedy)
    else:
        if not record.get("clean"):
            yield module.finding(module.record, 0, "record-current", "the recorded run had findings", remedy)
        yield from margins_are_wide(module)
    if not module.goldens.is_file():
        yield module.finding(module.goldens, 0, "record-current", "there are no goldens", remedy)


def margins_are_wide(module: ModuleContent) -> Iterator[Finding]:
    """The recorded margins are at least 2× on either side. Those of an older record say nothing any more."""
    yield from thin(module, (Margin(**row) for row in read_json(module.record).get("margins", [])))


def pages_are_current(content: Content) -> Iterator[Finding]:
    """Each page of the site that is made from a registry is as it would be made now."""
    if (content.root / pages.FOLDER).is_dir():
        for path in pages.stale(content.root):
            yield Finding(path, 0, "page-current", "it is not what its registry says now", "course dev render")


def read_json(path: Path) -> dict[str, Any]:
    """The file's object; empty where it is absent or broken."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
