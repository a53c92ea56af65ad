"""What learners handed in, in the ways in which it lies in a folder.

| | |
| --- | --- |
| `STUDENT/ASSIGNMENT/NOTEBOOK.ipynb` | as nbgrader collects it; other files beside it count |
| `STUDENT/NOTEBOOK.ipynb` | a folder a learner; other files beside it count |
| `NOTEBOOK_STUDENT.ipynb`, `STUDENT.ipynb` | files alone, as a learning platform gives them |
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.classroom import TIMESTAMP
from autograder.notebooks.reading import Unreadable
from breakwater.errors import BadInput

NAME_LENGTH = 128  # nbgrader's own limit


@dataclass(frozen=True)
class HandedIn:
    """One learner's submission: its notebooks by name (they may not be there), and the folder of its other files."""

    student: str
    notebooks: dict[str, Path]
    folder: Path | None = None

    def submitted_at(self) -> datetime | None:
        """When it was handed in, in UTC, by its timestamp.txt; None if nobody says. Raises Unreadable."""
        from nbgrader.utils import parse_utc

        file = self.folder / TIMESTAMP if self.folder else None
        if file is None or not file.is_file() or file.is_symlink():
            return None
        with file.open(encoding="utf-8", errors="replace") as opened:
            text = opened.read(100).strip()
        try:
            found: datetime | None = parse_utc(text) if text else None
        except (ValueError, OverflowError):
            raise Unreadable(f"{TIMESTAMP} holds no time: {text[:40]!r}") from None
        return found


def find(place: Path, assignment: str, notebook: str) -> list[HandedIn]:
    """The submissions of one notebook below a folder, in order of the students' names.

    A folder that has neither the notebook nor a folder of the assignment is somebody else's, and passed over.

    Raises:
        BadInput: there are none, or two of one student.
    """
    if not place.is_dir():
        raise BadInput(f"{place} is not a folder. Give one with STUDENT/{assignment}/{notebook}.ipynb in it.")
    found: dict[str, HandedIn] = {}
    for one in _found(place, assignment, notebook):
        if one.student in found:
            raise BadInput(f"{place} holds two submissions of {one.student}. Remove one of them.")
        if one.student[:1] in ("", ".") or not one.student.isprintable() or len(one.student) > NAME_LENGTH:
            raise BadInput(f"{place}: {one.student[:NAME_LENGTH]!r} is no student id. Rename it.")
        found[one.student] = one
    if not found:
        raise BadInput(
            f"{place} holds no submissions: neither STUDENT/{assignment}/{notebook}.ipynb, nor "
            f"STUDENT/{notebook}.ipynb, nor files STUDENT.ipynb."
        )
    return [found[student] for student in sorted(found)]


def _found(place: Path, assignment: str, notebook: str) -> Iterator[HandedIn]:
    for entry in sorted(place.iterdir()):
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_file() and entry.suffix == ".ipynb":
            yield HandedIn(entry.stem.removeprefix(f"{notebook}_"), {notebook: entry})
        for folder in (entry / assignment, entry):
            if folder.is_dir() and (folder != entry or (folder / f"{notebook}.ipynb").exists()):
                yield HandedIn(entry.name, {notebook: folder / f"{notebook}.ipynb"}, folder)
                break
