"""What learners handed in, in the ways in which it lies in a folder.

| | |
| --- | --- |
| `STUDENT/ASSIGNMENT/NOTEBOOK.ipynb` | as nbgrader collects it; other files beside it count |
| `STUDENT/NOTEBOOK.ipynb` | a folder a learner; other files beside it count |
| `NOTEBOOK_STUDENT.ipynb`, `STUDENT.ipynb` | files alone, as a learning platform gives them |
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from autograder.classroom import TIMESTAMP
from autograder.notebooks.reading import Unreadable
from breakwater.errors import BadInput

NAME_LENGTH = 128  # nbgrader's own limit
NAME_BYTES = 200  # of the 255 that a file's name may have


@dataclass(frozen=True)
class HandedIn:
    """One learner's submission: its notebooks by name (they may not be there), and the folder of its other files.

    `trouble` says why it cannot be taken, if it cannot.
    """

    student: str
    notebooks: dict[str, Path]
    folder: Path | None = None
    trouble: str = ""

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

    A folder that has neither the notebook nor a folder of the assignment is somebody else's, and passed over. What
    cannot be taken is here too, with the reason: no name that somebody chose stops the others.

    Raises:
        BadInput: there are none.
    """
    if not place.is_dir():
        raise BadInput(f"{place} is not a folder. Give one with STUDENT/{assignment}/{notebook}.ipynb in it.")
    found: dict[str, HandedIn] = {}
    for one in _found(place, assignment, notebook):
        one = _checked(one)
        if one.student in found:
            one = replace(one, trouble="there are two submissions of this student; remove one of them")
        found[one.student] = one
    if not found:
        raise BadInput(
            f"{place} holds no submissions: neither STUDENT/{assignment}/{notebook}.ipynb, nor "
            f"STUDENT/{notebook}.ipynb, nor files STUDENT.ipynb."
        )
    return [found[student] for student in sorted(found)]


def _checked(one: HandedIn) -> HandedIn:
    """The same, with the reason if it cannot be taken. A name that is none is shown by its escapes."""
    if one.folder and one.folder.is_symlink():
        return replace(one, trouble=f"{one.folder.name} is a link; a submission is a folder")
    is_long = len(one.student) > NAME_LENGTH or len(os.fsencode(one.student)) > NAME_BYTES
    if one.student[:1] in ("", ".") or not one.student.isprintable() or is_long:
        shown = one.student[:NAME_LENGTH].encode("unicode_escape" if not is_long else "utf-8", "replace").decode()
        return replace(one, student=shown, trouble="that is no student id; rename it")
    return one


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
