"""Digests of what can change a verdict: the submission, the checks, the environment. Equal digests, equal verdicts."""

import hashlib
import platform
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from autograder.classroom import LAB, REPORT
from autograder.handed_in import HandedIn
from autograder.notebooks.assignment import Assignment
from autograder.notebooks.autograded import bounded, others
from autograder.notebooks.reading import NOTEBOOK_BYTES
from breakwater import paths
from breakwater.bases import is_crumb
from breakwater.dev.content import Content
from breakwater.dev.digest import lab_digest, lesson_digest


def submission(folder: Path) -> str:
    """The digest of a submitted folder: its notebooks and its shop, without what we laid beside them."""
    ours = {f"{LAB}.ipynb", REPORT}
    return _of((folder,), without={folder / name for name in ours})


@cache
def checks(module: str) -> str:
    """The digest of what judges a module: what its verdicts hang on, its lessons, and this program."""
    content = Content().find(module)
    return combined(lab_digest(content), *map(lesson_digest, content.lessons), grader())


@cache
def grader() -> str:
    """The digest of this program."""
    return _of((Path(__file__).parent,))


def assignment(given: Assignment) -> str:
    """The digest of what judges an assignment's submissions: its notebooks, their configuration, its files."""
    return combined(
        given.described(), *(_named(given.files, others(given.files, given.ignored)) if given.files else ())
    )


def handed_in(given: HandedIn, ignored: list[str]) -> str:
    """The digest of a submission to an assignment whose `ignored` files do not count. Raises Unreadable."""
    files = bounded(given.folder, others(given.folder, ignored)) if given.folder else iter(())
    return combined(
        given.student, *map(_read, given.notebooks.values()), *(_named(given.folder, files) if given.folder else ())
    )


def _read(notebook: Path) -> str:
    """The digest of a submitted notebook, as far as it is ever read."""
    if not notebook.is_file() or notebook.is_symlink():
        return ""
    with notebook.open("rb") as opened:
        return hashlib.sha256(opened.read(NOTEBOOK_BYTES + 1)).hexdigest()


def combined(*parts: str) -> str:
    """One digest of several, or of text. Names of files may be no text in any encoding."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


@cache
def environment(seed: str) -> str:
    """The digest of the machine's side: Python, the pinned packages, the class's seed."""
    lock = paths.ROOT / "requirements.lock"
    told = (platform.python_version(), platform.system(), platform.machine(), seed, str(_of((lock,))))
    return combined(*told)


def _named(folder: Path | None, files: Iterable[Path]) -> Iterator[str]:
    for name in files:
        yield from (name.as_posix(), _of((Path(folder or "", name),)))


def _of(places: Iterable[Path], without: frozenset[Path] | set[Path] = frozenset()) -> str:
    summed = hashlib.sha256()
    for place in places:
        for file in _files(place):
            if file not in without:
                name = file.relative_to(place.parent).as_posix()
                with file.open("rb") as opened:
                    told = f"{name}\0{hashlib.file_digest(opened, 'sha256').hexdigest()}\n"
                    summed.update(told.encode(errors="surrogateescape"))
    return summed.hexdigest()


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    elif place.is_dir():
        yield from sorted(path for path in place.rglob("*") if path.is_file() and not is_crumb(path.relative_to(place)))
