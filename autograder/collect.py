"""`course collect`: from what learners handed in to `class/submitted/STUDENT/NN-topic/`.

What comes in is a stranger's: an archive is unpacked, and a notebook read, in the sandbox. Taken, by allow-list, are
the module's own notebooks and `shop/`; `lab.ipynb` is ours. One submission that cannot be taken is refused in one line,
and the others go on.
"""

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from autograder import _unpack, confined, sandbox
from autograder.classroom import LAB, REPORT, TIMESTAMP, Classroom, student_id
from autograder.notebooks.autograded import DEEPEST
from autograder.notebooks.reading import Unreadable, read
from breakwater import paths, submission
from breakwater.bases import is_crumb
from breakwater.errors import BadInput, CourseError

LONGEST = 300  # characters of what an archive or its unpacking says
UNPACKING = "/opt/unpack"  # where what unpacks an archive lies, in a cell
UNPACKS = sandbox.Limits(seconds=60, memory=1 << 30, written=submission.MAX_BYTES)
BROKEN = ".unreadable"  # a notebook that is none keeps its contents under this ending


@dataclass(frozen=True)
class Refused:
    """A submission that was not taken, and why."""

    source: str
    reason: str


def collect(module: str, source: Path, room: Classroom) -> tuple[list[str], list[Refused]]:
    """Take all submissions of a module in the folder `source`; return the students' ids, and what was refused.

    Of several archives of one student the latest counts.

    Raises:
        BadInput: `source` is no folder, or holds nothing that could be a submission.
        NoSandbox: this machine cannot confine who unpacks and reads them.
    """
    sandbox.require()
    if not source.is_dir():
        raise BadInput(f"{source} is not a folder. Give one with STUDENT/{module}/ in it, or with archives (*.zip).")
    for half in room.root.glob("submitted/.taking.*"):  # of a collection that was killed
        shutil.rmtree(half, ignore_errors=True)
    taken: dict[str, str] = {}
    refused: list[Refused] = []
    for found in _found(source):
        try:
            _take(module, found, room, taken)
        except CourseError as error:
            refused.append(Refused(found.name, str(error)))
    if not taken and not refused:
        raise BadInput(f"{source} holds no submissions: neither STUDENT/{module}/ nor archives (*.zip).")
    return sorted(taken), refused


def _found(source: Path) -> Iterator[Path]:
    """What could be a submission: archives, and folders that are named after students."""
    for entry in sorted(source.iterdir()):
        if not entry.name.startswith(".") and (entry.suffix == ".zip" or entry.is_dir()):
            yield entry


def _take(module: str, found: Path, room: Classroom, taken: dict[str, str]) -> None:
    """Take one submission. `taken` maps each student to when the submission that counts was handed in."""
    fresh = room.root / "submitted" / f".taking.{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        if found.is_dir():
            student = student_id(found.name, found.name)
            _take_folder(module, found, fresh)
        else:
            student = _take_archive(module, found, fresh)
        at = _time(fresh / TIMESTAMP)
        if taken.get(student, "") <= at:
            _keep_notebooks(module, fresh)
            _settle(fresh, room.submitted(module, student))
            taken[student] = at
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _take_archive(module: str, found: Path, fresh: Path) -> str:
    """Unpack an archive, and take what comes out as if that had been handed in; return the student's id."""
    fresh.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".taking.", dir=fresh.parent) as folder:
        said = _unpacked(found, Path(folder, module))
        if "refused" in said:
            raise BadInput(said["refused"])
        student = student_id(said["student"], found.name)
        _take_folder(module, Path(folder), fresh)
    (fresh / TIMESTAMP).write_text(f"{said['submitted_at']}\n", encoding="utf-8")
    return student


def _unpacked(found: Path, into: Path) -> dict[str, str]:
    """What `_unpack` says of an archive; a reason to refuse it if that is nothing, or what it never says."""
    if sandbox.is_unsandboxed():
        return _unpack.unpack(found, into, into.name)
    archive, place = f"{UNPACKING}/in/{found.name}", f"{UNPACKING}/out"
    program = {Path(_unpack.__file__): f"{UNPACKING}/_unpack.py", paths.ROOT / "breakwater": f"{UNPACKING}/breakwater"}
    said = confined.run(
        [sys.executable, f"{UNPACKING}/_unpack.py", archive, f"{place}/{into.name}", into.name],
        sees=program | {found: archive},
        writes=(into.parent, place),
        limits=UNPACKS,
    )
    try:
        told = {name: _line(text) for name, text in json.loads(said).items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        told = {}
    known = told.keys() in ({"refused"}, {"student", "submitted_at"})
    within = f"{UNPACKS.memory >> 20} MiB and {UNPACKS.seconds:g} s"
    return told if known else {"refused": f"{found.name} could not be unpacked within {within}."}


def _line(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST]


def _time(stamp: Path) -> str:
    """When it was handed in, in UTC, so that times compare as text; empty if nobody says."""
    if not stamp.exists():
        return ""
    from dateutil.parser import parse  # type: ignore[import-untyped]

    with stamp.open(encoding="utf-8", errors="replace") as opened:
        text = opened.read(LONGEST).strip()
    try:
        return str(parse(text).astimezone(UTC).isoformat())
    except (ValueError, OverflowError):
        raise BadInput(f"{stamp.name} holds no time: {text[:40]!r}") from None


def _take_folder(module: str, found: Path, fresh: Path) -> None:
    folder = found / module
    if not folder.is_dir() or folder.is_symlink():
        others = ", ".join(sorted(entry.name for entry in found.iterdir() if entry.is_dir())) or "nothing"
        raise BadInput(f"{found.name} holds no folder {module}, but {others}.")
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".ipynb")]
    files = [Path(name) for name in names] + [path.relative_to(folder) for path in _walk(folder / "shop")]
    if (folder / TIMESTAMP).is_file():
        files.append(Path(TIMESTAMP))
    _bound(folder, files)
    for file in files:
        (fresh / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file, fresh / file, follow_symlinks=False)
        (fresh / file).chmod(0o755 if (folder / file).stat().st_mode & stat.S_IXUSR else 0o644)
    fresh.mkdir(parents=True, exist_ok=True)


def _walk(shop: Path) -> Iterator[Path]:
    """The files of a shop, without traces of running and editing."""
    if shop.is_symlink():
        yield shop  # refused by _bound
        return
    for parent, folders, files in os.walk(shop):
        if len(Path(parent).relative_to(shop).parts) > DEEPEST:
            raise BadInput(f"{shop.name} holds folders more than {DEEPEST} deep.")
        folders[:] = sorted(name for name in folders if not is_crumb(Path(name)))
        links = [name for name in folders if Path(parent, name).is_symlink()]
        yield from (Path(parent, name) for name in sorted(files + links) if not is_crumb(Path(name)))


def _bound(folder: Path, files: list[Path]) -> None:
    """Raise BadInput unless these are regular files, not too many, not too large."""
    total = 0
    for file in files:
        told = (folder / file).lstat()
        if not stat.S_ISREG(told.st_mode):
            raise BadInput(f"{file} is a link or a special file; a submission holds regular files only.")
        total += told.st_size
    if total > submission.MAX_BYTES or len(files) > submission.MAX_FILES:
        most = f"{submission.MAX_BYTES >> 20} MiB and {submission.MAX_FILES} files"
        raise BadInput(f"it has {total / (1 << 20):.1f} MiB in {len(files)} files, and {most} are the limit.")


def _keep_notebooks(module: str, fresh: Path) -> None:
    """Leave only the module's own notebooks; set one aside that is none; put our lab.ipynb in its place."""
    ours = {file.name for file in (paths.MODULES / module).glob("*.ipynb")}
    for file in fresh.glob("*.ipynb"):
        if file.name not in ours or file.stem == LAB:
            file.unlink()
        elif not _is_notebook(file):
            file.rename(file.with_suffix(BROKEN))
    lab = paths.MODULES / module / f"{LAB}.ipynb"
    if lab.exists():
        shutil.copyfile(lab, fresh / lab.name)


def _is_notebook(file: Path) -> bool:
    try:
        read(file)
    except Unreadable:
        return False
    return True


def _settle(fresh: Path, target: Path) -> None:
    """Put what was taken in the place of what was there, keeping the judge's report if nothing else has changed."""
    report = target / REPORT
    if report.is_file():
        shutil.copyfile(report, fresh / REPORT)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
