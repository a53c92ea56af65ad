"""A shop for a lesson: parts laid over another, some of them shipped with a lab, some written in the notebook."""

import inspect
import linecache
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from breakwater import paths
from breakwater.checks.overlay import lay_over
from breakwater.errors import BadInput, did_you_mean

FOLDER = "variants"


def made(base: Path, over: Sequence[str], mine: Mapping[str, Any], target: Path) -> Path:
    """Make a shop in `target`: `base`, then the variants in their order, then the notebook's own files.

    Raises:
        BadInput: there is no such variant, no such service, or nothing to read of what is `mine`.
    """
    folders = [find(name) for name in over]
    with TemporaryDirectory() as files:
        for folder in folders:
            shutil.copytree(folder, files, dirs_exist_ok=True)
        for place, thing in mine.items():
            _write(base, Path(files), place, cell_of(thing))
        return lay_over(Path(files), target, base)


def _write(base: Path, files: Path, place: str, text: str) -> None:
    if not (base / place).parent.is_dir() or not (files / place).resolve().is_relative_to(files.resolve()):
        raise BadInput(f"The shop has no folder for {place}. Name a file of a service, e.g. orders/app/budget.py.")
    (files / place).parent.mkdir(parents=True, exist_ok=True)
    (files / place).write_text(text, encoding="utf-8")


def find(name: str) -> Path:
    """The folder of a variant, by `MODULE/NAME`. Raises BadInput with the nearest name."""
    known = {
        f"{folder.parents[1].name}/{folder.name}": folder
        for folder in paths.LABS.glob(f"*/{FOLDER}/*")
        if folder.is_dir()
    }
    if name not in known:
        guess = did_you_mean(name, known) or f" There are: {', '.join(known)}."
        raise BadInput(f"There is no variant `{name}`.{guess}")
    return known[name]


def cell_of(thing: Any) -> str:
    """The source of the cell or file that defines a class or function. Raises BadInput if there is none to read."""
    functions = [thing] if inspect.isfunction(thing) else [f for f in vars(thing).values() if inspect.isfunction(f)]
    lines = linecache.getlines(functions[0].__code__.co_filename) if functions else []
    if not lines:
        raise BadInput(f"The cell that defines {getattr(thing, '__name__', thing)} cannot be read. Run it again.")
    return "".join(lines)
