"""How far the learner is: which modules were started, and which are finished.

A module is finished when all its public checks have passed on the learner's own shop, or when it was submitted.
Kept in `work/.course/progress.json`, outside the history, so that going to another branch does not change it.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from breakwater import paths, syllabus

Progress = dict[str, dict[str, str]]


def read() -> Progress:
    """Module id → `started`, `passed`, `submitted`, each a time in ISO 8601; empty where nothing is known."""
    try:
        data: Any = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
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
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f".{file.name}.{os.getpid()}")
    half.write_text(json.dumps(progress, indent=2) + "\n", encoding="utf-8")
    half.replace(file)
