"""Why a service did not come up: the one line of its log that says so."""

import re
from collections.abc import Sequence
from pathlib import Path

_PLACE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')
_ERROR = re.compile(r"^(?P<kind>(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt)): ?(?P<what>.*)$")
_TELLS = re.compile(r"\b(error|fatal|panic)\b", re.IGNORECASE)
MAX_TEXT = 300


def reason(log: Sequence[str], shop: Path, seen_as: Path | None = None) -> str:
    """Return the exception that ended a service, with its file and line in the shop; empty if the log has none.

    `seen_as` is where the service saw the shop's folder, if not at `shop`.
    """
    lines = [line for line in log if line.strip()]
    found = [(at, match) for at, line in enumerate(lines) if (match := _ERROR.match(line.strip()))]
    if not found:
        return ""
    at, error = found[-1]
    what = error["what"] or (lines[at + 1].strip() if at + 1 < len(lines) else "")
    said = f"{error['kind'].rpartition('.')[2]}: {what}"[:MAX_TEXT]
    place = _place(lines[:at], (shop, seen_as or shop))
    return f"{place}: {said}" if place else said


def telling_line(log: Sequence[str]) -> str:
    """The line of a log that tells the trouble: the last that speaks of an error, else the last; shortened."""
    said = [line.strip()[:MAX_TEXT] for line in log if line.strip()]
    errors = [line for line in said if _TELLS.search(line)]
    return (errors or said or [""])[-1]


def last_line(log: Sequence[str]) -> str:
    """The last thing that a service said, shortened; empty if it said nothing."""
    return next((line.strip()[:MAX_TEXT] for line in reversed(log) if line.strip()), "")


def _place(lines: Sequence[str], roots: Sequence[Path]) -> str:
    """The innermost place in the shop's own files that a traceback names."""
    for line in reversed(lines):
        match = _PLACE.match(line)
        file = Path(match["file"]) if match else None
        for root in roots:
            if match and file and file.is_relative_to(root):
                return f"{file.relative_to(root)}, line {match['line']}"
    return ""
