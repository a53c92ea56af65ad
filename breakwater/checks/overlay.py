"""A fresh shop to be judged: somebody's files, and our own copy of what is not theirs."""

import ast
import os
import shutil
import stat
import tempfile
import warnings
from pathlib import Path

from breakwater import paths
from breakwater.bases import CRUMBS, is_crumb
from breakwater.errors import BadInput

OURS = ("provider", "contracts", "invariants", "postgres")


def lay_over(files: Path | None, target: Path, base: Path = paths.BOXOFFICE) -> Path:
    """Make `target` a copy of the shop at `base`, lay `files` (at the shop's own paths) over it, and return it.

    The provider, the contracts, the invariants and the database's first SQL are the course's own afterwards; what
    the description says of them is overruled by the engine.

    Raises:
        BadInput: a folder is not there, or holds links or other things that are neither file nor folder.
    """
    for folder in [base, *([files] if files else [])]:
        if not folder.is_dir():
            raise BadInput(
                f"{folder} is not a folder with a shop's files. Give one that holds e.g. orders/app/main.py."
            )
        _hold_plain(folder)
    _copy(base, target)
    if files:
        _copy(files, target)
    for name in OURS:
        shutil.rmtree(target / name, ignore_errors=True)
        if (paths.BOXOFFICE / name).is_dir():
            _copy(paths.BOXOFFICE / name, target / name)
    return target


def lay_anew(target: Path, base: Path) -> None:
    """Make `target`, which `lay_over` made of `base` once, a copy of it as it is now. Raises as `lay_over` does.

    What has not changed stays as it is, compiled code too.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        fresh = lay_over(None, Path(folder) / "shop", base=base)
        now, before = _files(fresh), _files(target)
        for name in before - now:
            (target / name).unlink()
        for name in now:
            if name not in before or _stamp(target / name) != _stamp(fresh / name):
                _forget_compiled(target / name)
                shutil.rmtree(target / name, ignore_errors=True)  # a folder that is a file now
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (fresh / name).replace(target / name)


def _files(shop: Path) -> set[Path]:
    found = (path.relative_to(shop) for path in shop.rglob("*") if path.is_file())
    return {path for path in found if not is_crumb(path)}


def _stamp(file: Path) -> tuple[int, int]:
    seen = file.stat()
    return seen.st_mtime_ns, seen.st_size


def _forget_compiled(file: Path) -> None:
    """Python takes what it compiled for current if only a fraction of a second and no size has changed."""
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()


def syntax_error(shop: Path) -> str | None:
    """The first Python file of the learner's services that is no Python: `orders/app/main.py, line 12: …`; or None."""
    folders = [folder for folder in sorted(shop.iterdir()) if folder.is_dir() and folder.name not in OURS]
    for file in (file for folder in folders for file in sorted(folder.rglob("*.py"))):
        try:
            with warnings.catch_warnings(action="ignore"):
                ast.parse(file.read_bytes())
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            what = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
            return f"{file.relative_to(shop)}{line}: {what}"
    return None


def _copy(source: Path, target: Path) -> None:
    ignored = shutil.ignore_patterns(*CRUMBS)
    try:
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=ignored, copy_function=_put)
    except (shutil.Error, OSError) as error:
        first = error.args[0][0][2] if isinstance(error, shutil.Error) else error
        raise BadInput(f"The files in {source} cannot be laid over the shop: {first}") from None


def _put(file: str, place: str) -> None:
    if os.path.isdir(place):
        raise IsADirectoryError(f"{os.path.basename(place)} is a file there, and a folder in the shop")
    shutil.copy2(file, place)


def _hold_plain(folder: Path) -> None:
    """Raises BadInput for a link, a pipe, a device: copying one would reach somewhere else, or never end."""
    ignored = shutil.ignore_patterns(*CRUMBS)
    for place, folders, names in os.walk(folder):
        skipped = ignored(place, [*folders, *names])
        folders[:] = [name for name in folders if name not in skipped]
        for name in set(folders + names) - skipped:
            mode = os.lstat(os.path.join(place, name)).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                kind = "a link" if stat.S_ISLNK(mode) else "neither a file nor a folder"
                inner = os.path.relpath(os.path.join(place, name), folder)
                raise BadInput(f"{inner} in {folder} is {kind}; a shop consists of files and folders. Remove it.")
