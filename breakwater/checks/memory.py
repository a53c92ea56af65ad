"""What `course` remembers between two commands: how far a learner got with the hints, and what checks last said.

Kept in `work/.course/checks.json`, outside the history of the work.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from breakwater import paths


def hint(module_id: str, check: str, *, of: int, more: bool) -> int:
    """The number (from 1) of the hint to show now: the last one shown, or with `more` the one after it."""
    data = _read()
    seen = data["hints"].get(f"{module_id}/{check}", 0)
    number = min(of, max(1, seen + more))
    data["hints"][f"{module_id}/{check}"] = number
    _write(data)
    return int(number)


def said(module_id: str, checks: Mapping[str, str]) -> None:
    """Remember what checks said, by their ids."""
    data = _read()
    data["said"].setdefault(module_id, {}).update(checks)
    _write(data)


def last_said(module_id: str, check: str) -> str:
    """What the check said last; empty if it was never run."""
    return str(_read()["said"].get(module_id, {}).get(check, ""))


def _read() -> dict[str, dict[str, Any]]:
    try:
        data = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        data = {}
    known = data if isinstance(data, dict) else {}
    return {key: value if isinstance(value := known.get(key), dict) else {} for key in ("hints", "said")}


def _write(data: Mapping[str, Any]) -> None:
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f".{file.name}.{os.getpid()}")
    half.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    half.replace(file)


def _file() -> Path:
    return paths.work() / ".course" / "checks.json"
