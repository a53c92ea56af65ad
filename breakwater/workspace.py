"""`work/`: everything that is the learner's, in one git repository.

What we ship is never edited in place: `work/shop/` starts as a copy of the naive shop, and `work/NN-topic/` as
copies of the module's notebooks. Each command that changes something first commits what it finds, so nothing is
lost; and each can be killed at any moment, because the next one repairs what it left.
"""

import getpass
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from breakwater import lab, paths, progress, syllabus
from breakwater._git import Repository, user_name
from breakwater.bases import Base, copy_base, is_crumb
from breakwater.errors import BadInput
from breakwater.history import History
from breakwater.submission import Manifest, pack

MINE = "main"
GUIDE = "guide.md"


@dataclass(frozen=True)
class Started:
    """What `start` did: on which branch of `work/` one is now, and which files are new there."""

    module: str
    base: Base
    branch: str
    folder: Path
    new_files: tuple[str, ...]


@dataclass(frozen=True)
class Submitted:
    """What `submit` did: the archive, its size in bytes, the branch that it was made from, and its manifest."""

    archive: Path
    size: int
    branch: str
    manifest: Manifest


@dataclass(frozen=True)
class Reset:
    """What `reset` did: the folders it restored, and the commit that holds what was there before."""

    module: str
    folders: tuple[str, ...]
    kept_as: str


def ensure() -> Path:
    """Return `work/`; where it, its repository or its shop is absent, make it from the naive shop first."""
    work = paths.work()
    if not (work / ".git" / "HEAD").exists() or not (work / "shop").is_dir():
        _make(work)
    return work


def start(name: str, base: Base = "mine") -> Started:
    """Begin a module: hand out its notebooks and guide, and for a base other than one's own open a branch.

    Raises:
        BadInput: no such module, it is not built, or its reference is not here.
    """
    module = syllabus.load().find_built(name)
    work = ensure()
    with History(work) as history:
        history.keep(f"Keep what was there before {module.id}")
        branch = _branch(history, module.id, base)
        new_files = _begin(history, module.id)
    return Started(module.id, base, branch, work / module.id, tuple(new_files))


def hand_out(module_id: str) -> Path:
    """Begin a module, or add what is new to one begun before, on the present branch; return `work/`."""
    work = ensure()
    with History(work) as history:
        history.keep(f"Keep what was there before {module_id}")
        _begin(history, module_id)
    return work


def submit(name: str, learner: str = "") -> Submitted:
    """Keep what is there and pack it. Submitting the same again gives the same archive, with its first time.

    Raises:
        BadInput: no such module, it is not built, or what is there cannot be packed.
    """
    module = syllabus.load().find_built(name)
    work = ensure()
    state = f"submit/{module.id}"
    with History(work) as history:
        _hand_out(module.id, work)
        history.keep(f"Keep what was there before the submission of {module.id}")
        if not all(history.same(state, path) for path in ("shop", module.id)):
            history.keep(f"Submit {module.id}", always=True)
            history.mark(state)
        submitted_at, branch = history.time_of(state), history.branch
    archive, manifest = _pack(work, module.id, learner or learner_name(), submitted_at)
    progress.submitted(module.id)
    return Submitted(archive, archive.stat().st_size, branch, manifest)


def learner_name() -> str:
    """The learner's name as their git knows it, else as the machine does."""
    return user_name() or getpass.getuser()


def _pack(work: Path, module_id: str, learner: str, submitted_at: str) -> tuple[Path, Manifest]:
    folder = work / "submissions"
    folder.mkdir(exist_ok=True)
    half = folder / f".{module_id}.{os.getpid()}.zip"
    manifest = pack(
        {"": work / module_id, "shop": work / "shop"},
        half,
        module=module_id,
        learner=learner,
        submitted_at=submitted_at,
    )
    when = datetime.fromisoformat(submitted_at).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return half.replace(folder / f"{module_id}-{manifest.student_id}-{when}.zip"), manifest


def diff(name: str, *, colour: bool = False) -> str:
    """What the learner changed in the lab's folders since it was started (else: since the naive shop), as a patch."""
    card = lab.load(name)
    with History(ensure()) as history:
        return history.diff(_beginning(history, card.module), _folders(card), colour=colour)


def reset(name: str) -> Reset:
    """Put the lab's folders back as they were when it was started (else: as in the naive shop)."""
    card = lab.load(name)
    with History(ensure()) as history:
        kept_as = history.keep(f"Keep what was there before the reset of {card.module}")
        history.restore(_beginning(history, card.module), _folders(card))
        history.keep(f"Reset {card.module}")
    return Reset(card.module, _folders(card), kept_as)


def edited_in_place() -> list[str]:
    """Files of the naive shop and the modules that were changed where we ship them, instead of in `work/`.

    Only a clone can tell; elsewhere the list is empty.
    """
    if not (paths.ROOT / ".git").exists() or not shutil.which("git"):
        return []
    shipped = [str(folder.relative_to(paths.ROOT)) for folder in (paths.BOXOFFICE, paths.MODULES) if folder.exists()]
    lines = Repository(paths.ROOT).run("status", "--porcelain", "--untracked-files=no", "--", *shipped).splitlines()
    return [line[3:] for line in lines]


def _folders(card: lab.Lab) -> tuple[str, ...]:
    return tuple(f"shop/{folder.strip('/')}" for folder in card.edits)


def _origin(module_id: str, branch: str) -> str:
    return f"start/{branch}/{module_id}"


def _beginning(history: History, module_id: str) -> str:
    return history.marked(_origin(module_id, history.branch)) or history.tree_of(paths.BOXOFFICE, prefix="shop")


def _branch(history: History, module_id: str, base: Base) -> str:
    """Go to the branch for `base` and return its name. One's own is any branch that we did not open."""
    if base != "mine":
        branch = f"{module_id}-{base}"
        if not history.has_branch(branch):
            with _beside(history.folder) as folder:
                copy_base(base, module_id, folder / "shop")
                history.open_branch(branch, history.tree_of(folder / "shop", prefix="shop"), f"Take the {base} shop")
        history.go_to(branch)
    elif history.is_opened_by_us(history.branch):
        history.go_to(MINE)
    return history.branch


def _begin(history: History, module_id: str) -> list[str]:
    """Hand out what is new, and remember where the module was begun. Returns the new files."""
    new_files = _hand_out(module_id, history.folder)
    history.keep(f"Start {module_id}")
    history.mark(_origin(module_id, history.branch), once=True)
    progress.started(module_id)
    return new_files


def _hand_out(module_id: str, work: Path) -> list[str]:
    """Copy what the module gives and the learner has not got yet. The guide is ours: it is always today's."""
    source, target = paths.MODULES / module_id, work / module_id
    target.mkdir(exist_ok=True)
    new = []
    for file in sorted(p for p in source.rglob("*") if p.is_file() and not is_crumb(p.relative_to(source))):
        copy = target / file.relative_to(source)
        if not copy.exists():
            _copy(file, copy)
            new.append(str(copy.relative_to(work)))
    guide = paths.LABS / module_id / "README.md"
    if guide.exists():
        _copy(guide, target / GUIDE)
    return new


def _copy(file: Path, target: Path) -> None:
    """Copy by rename, so that a kill leaves no half file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(file, half)
    half.replace(target)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder of our own on the same disk as `folder`; what a killed process left there is cleared."""
    name = f".{folder.name}-"
    for left in folder.parent.glob(f"{name}*"):
        if not _is_alive(left.name.removeprefix(name)):
            shutil.rmtree(left, ignore_errors=True)
    own = folder.parent / f"{name}{os.getpid()}"
    own.mkdir(parents=True)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, PermissionError):
        return True  # not ours to judge
    except ProcessLookupError:
        return False
    return True


def _make(work: Path) -> None:
    """Build a complete `work/` beside, then move in what is absent; each move is one rename."""
    if work.exists() and not work.is_dir():
        raise BadInput(f"{work} is a file, and the course keeps your work in a folder of that name. Move it away.")
    work = work.resolve()
    with _beside(work) as own:
        new = own / "work"
        new.mkdir()
        copy_base("mine", "", new / "shop")
        History.create(new, MINE, "Take the naive shop")
        with suppress(OSError):  # it is there already, or another command was quicker
            new.rename(work)
            return
        for part in (".gitignore", "shop", ".git"):
            if not (work / part).exists():
                (new / part).rename(work / part)
