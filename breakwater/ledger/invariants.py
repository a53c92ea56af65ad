"""Loading the invariants: each public function of each file in a folder is one."""

import importlib.util
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from breakwater import paths
from breakwater.errors import BadInput
from breakwater.ledger.record import Record, Seat

About = str | list[str] | Seat
"""What a breach is about: an order's id, the ids of several, or a seat."""


@dataclass(frozen=True)
class Invariant:
    """Something that must hold of every run. `find` yields one (what it is about, what is wrong) a breach."""

    name: str
    sentence: str
    find: Callable[[Record], Iterable[tuple[About, str]]]


def load(folder: Path | None = None) -> list[Invariant]:
    """All invariants in `folder` (default: those of the box office), in the order in which they are written.

    Raises:
        BadInput: the folder holds none, or a function has no sentence as the first line of its docstring.
    """
    folder = folder or paths.INVARIANTS
    found = [invariant for file in sorted(folder.glob("*.py")) for invariant in _of_file(file)]
    if not found:
        raise BadInput(f"{folder} holds no invariants, so nothing can be judged. Restore it from the course.")
    return found


def _of_file(file: Path) -> list[Invariant]:
    module = _import(file)
    return [
        Invariant(name.replace("_", "-"), _sentence(file, name, function), function)
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
    ]


def _import(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"_invariants_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise BadInput(f"{file} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _sentence(file: Path, name: str, function: Callable[..., object]) -> str:
    first = (inspect.getdoc(function) or "").partition("\n")[0]
    if not first:
        raise BadInput(f"{file}: `{name}` says nothing. Begin it with a docstring: one sentence that must hold.")
    return first
