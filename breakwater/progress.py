"""How far the learner is: which modules were started, which are finished, and what to do next.

A module is finished when all its public checks have passed on the learner's own shop, or when it was submitted.
Kept in `work/.course/progress.json`, outside the history, so that going to another branch does not change it.

In a notebook: ``from breakwater import progress``, and ``progress.standing()``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from breakwater import _notes, paths, predictions, syllabus
from breakwater.predictions import Calibration

Progress = dict[str, dict[str, str]]
State = Literal["not begun", "begun", "passed", "submitted"]
SAYS = {"begun": "begun", "passed": "all its public checks passed", "submitted": "submitted"}


@dataclass(frozen=True)
class Standing:
    """Where a learner stands. `modules` are those that are built, in order, each with its state.

    `next` is the command that leads on, `why` what it does, `unreadable` the learner's files that could not be read.
    """

    modules: tuple[tuple[syllabus.Module, State], ...]
    next: str
    why: str
    calibration: Calibration
    unreadable: tuple[Path, ...] = ()

    @property
    def finished(self) -> int:
        """How many modules are finished."""
        return sum(state in ("passed", "submitted") for _, state in self.modules)

    def to_json(self) -> dict[str, Any]:
        rows = [{"id": module.id, "title": module.title, "state": state} for module, state in self.modules]
        return {
            "finished": self.finished,
            "modules": rows,
            "next": {"command": self.next, "why": self.why},
            "predictions": self.calibration.to_json(),
            "unreadable": list(self.unreadable),
        }

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """It for reading: one line where nothing is done yet."""
        begun = [(module, state) for module, state in self.modules if state != "not begun"]
        then = f"Next: {self.next}   ({self.why})" if self.next else self.why
        if not begun and not self.calibration.made:
            return [f"Nothing is begun yet. {then}"]
        lines = [f"{self.finished} of the {_count(len(self.modules), 'module')} that can be taken today finished."]
        lines += [f"  {module.id:<18} {SAYS[state]}" for module, state in begun]
        return [*lines, *self.calibration.lines(), then]


def standing() -> Standing:
    """Where the learner stands now. Broken files count as empty, and are left as they are."""
    known = read()
    modules = tuple((module, _state(known.get(module.id, {}))) for module in syllabus.load().built)
    guesses = Calibration.of(predictions.load(predictions.where()))
    return Standing(modules, *_next(modules), guesses, tuple(_unreadable()))


def _unreadable() -> Iterator[Path]:
    """The learner's files that cannot be understood in whole."""
    if not _notes.is_sound(_file(), _is_whole):
        yield _file()
    if not predictions.is_sound(predictions.where()):
        yield predictions.where()


def _next(modules: tuple[tuple[syllabus.Module, State], ...]) -> tuple[str, str]:
    """The command that leads on, and what it does."""
    for module, state in modules:
        if state == "begun":
            return f"course check {module.number}", f"what holds of {module.title.lower()}, what does not, and why"
        if state == "not begun":
            return f"course start {module.number}", f"the next module: {module.title}"
    for module, state in modules:
        if state == "passed":
            return f"course submit {module.number}", "every module is done; this packs one for your instructor"
    return "", "Every module that can be taken today is submitted." if modules else "No module is built yet."


def _state(known: dict[str, str]) -> State:
    states: tuple[State, ...] = ("submitted", "passed")
    return next((state for state in states if state in known), "begun" if known else "not begun")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def read() -> Progress:
    """Module id → `started`, `passed`, `submitted`, each a time in ISO 8601; empty where nothing is known."""
    data: Any = _notes.read(_file())
    return {key: value for key, value in data.items() if isinstance(value, dict)} if isinstance(data, dict) else {}


def started(module_id: str) -> None:
    """The learner began the module."""
    _note(module_id, "started")


def passed(module_id: str) -> None:
    """All public checks of the module passed on the learner's own shop."""
    _note(module_id, "passed")


def submitted(module_id: str) -> None:
    """The module was submitted."""
    _note(module_id, "submitted")


def is_finished(module_id: str) -> bool:
    return bool(read().get(module_id, {}).keys() & {"passed", "submitted"})


def next_module() -> syllabus.Module | None:
    """The first module that is built and not finished; the last built one if all are; None if none is built."""
    built = syllabus.load().built
    return next((module for module in built if not is_finished(module.id)), built[-1] if built else None)


def _file() -> Path:
    return paths.work() / ".course" / "progress.json"


def _note(module_id: str, what: str) -> None:
    progress = read()
    progress.setdefault(module_id, {}).setdefault(what, datetime.now(UTC).isoformat(timespec="seconds"))
    _notes.write(_file(), progress, _is_whole)


def _is_whole(data: Any) -> bool:
    return isinstance(data, dict) and all(isinstance(value, dict) for value in data.values())
