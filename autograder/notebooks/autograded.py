"""`autograded/STUDENT/ASSIGNMENT/`: where a submission is run, and what nbgrader's later steps read."""

import fnmatch
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder.notebooks.assignment import Assignment
from autograder.notebooks.reading import Unreadable
from breakwater.submission import MAX_BYTES, MAX_FILES

DEEPEST = 50  # folders in folders


def lay(assignment: Assignment, handed_in: Path | None, target: Path) -> None:
    """Lay a submission's other files into `target`, and over them the assignment's own.

    Of what lay there before, only notebooks that are not graded now stay. Links and special files are left out.

    Raises:
        Unreadable: these are too many files, or too large.
    """
    target.mkdir(parents=True, exist_ok=True)
    for entry in target.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.suffix != ".ipynb" or entry.stem in assignment.notebooks:
            entry.unlink()
    if handed_in:
        _copy(handed_in, bounded(handed_in, others(handed_in, assignment.ignored)), target)
    if assignment.files:
        own = others(assignment.files, assignment.ignored)
        _copy(assignment.files, (file for file in own if file.as_posix() not in assignment.not_overwritten), target)


def _copy(source: Path, files: Iterable[Path], target: Path) -> None:
    for file in files:
        _make_way(target, file)
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / file, target / file, follow_symlinks=False)


def _make_way(target: Path, file: Path) -> None:
    """Remove what lies where a file goes: another file, a folder of that name, a file named as one of its folders."""
    for place in (target / file, *(target / parent for parent in file.parents[:-1])):
        if place.is_file():
            place.unlink()
    if (target / file).is_dir():
        shutil.rmtree(target / file)


def others(folder: Path, ignored: list[str]) -> Iterator[Path]:
    """The regular files of a folder but for its notebooks and what is ignored, relative to it, in order.

    A repository's own files are ignored, too: git runs what their settings say for whoever comes by.

    Raises:
        Unreadable: its folders are nested too deeply.
    """

    def is_ignored(name: str) -> bool:
        return name == ".git" or any(fnmatch.fnmatch(name, pattern) for pattern in ignored)

    for parent, folders, files in os.walk(folder):
        if len(Path(parent).relative_to(folder).parts) > DEEPEST:
            raise Unreadable(f"{folder} holds folders more than {DEEPEST} deep")
        folders[:] = sorted(name for name in folders if not is_ignored(name))
        for name in sorted(files):
            file = Path(parent, name)
            if not is_ignored(name) and not name.endswith(".ipynb") and file.is_file() and not file.is_symlink():
                yield file.relative_to(folder)


def bounded(folder: Path, files: Iterator[Path]) -> Iterator[Path]:
    """These files of a submission's folder. Raises Unreadable as soon as they are too many, or too large."""
    total = 0
    for number, file in enumerate(files, 1):
        total += (folder / file).stat().st_size
        if number > MAX_FILES or total > MAX_BYTES:
            raise Unreadable(f"{folder} holds more than {MAX_FILES} files or {MAX_BYTES >> 20} MiB")
        yield file


def write(notebook: Any, file: Path) -> None:
    """Write a graded notebook: others find the old one or the new one, never half of it.

    What no encoding has, half of a pair of surrogates, becomes a question mark.
    """
    import nbformat

    half = file.with_name(f".{file.name}.{os.getpid()}")
    half.write_bytes(f"{nbformat.writes(notebook, version=4)}\n".encode(errors="replace"))
    half.replace(file)


def settle(target: Path, permissions: int) -> None:
    """Give every file the permissions of a graded one."""
    for parent, _, files in os.walk(target):
        for name in files:
            os.chmod(os.path.join(parent, name), permissions)
