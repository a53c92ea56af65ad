"""What the course notes for a learner: small JSON files in `work/`, written whole.

They are the learner's, so what cannot be understood (half a file, a hand's edit, a later course's form) is never
written over: it is moved beside first.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

ASIDE = "unreadable"


def read(file: Path) -> Any:
    """What the file holds; None where there is none, or it is not JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def write(file: Path, data: Any, is_whole: Callable[[Any], bool]) -> None:
    """Put `data` in the file's place, by rename. What is there and not `is_whole` is moved beside before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not is_sound(file, is_whole):
        file.rename(_free(file))
    half = file.with_name(f".{file.name}.{os.getpid()}")
    half.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    half.replace(file)


def is_sound(file: Path, is_whole: Callable[[Any], bool]) -> bool:
    """Whether the file is absent, or all of it is understood."""
    return not file.exists() or is_whole(read(file))


def _free(file: Path) -> Path:
    """`progress.unreadable.json` beside it, or with the first number that is free."""
    names = (f"{file.stem}.{ASIDE}{f'-{number}' if number else ''}{file.suffix}" for number in range(10_000))
    return next(place for name in names if not (place := file.with_name(name)).exists())
