"""A breach of the content contract, in one line."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from breakwater.errors import did_you_mean


@dataclass(frozen=True, order=True)
class Finding:
    """What is wrong, where, by which rule, and what to do.

    `file` is relative to the content's root; `line` is 0 where no line is to blame; `rule` is kebab-case;
    `what` and `remedy` are phrases without a full stop, each on one line.
    """

    file: str
    line: int
    rule: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return " ".join(f"{place}: {self.rule}: {self.what}; {self.remedy}".split())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def split_message(message: str) -> tuple[int, str]:
    """The line (0 for none) and the rest of a message of the form `FILE, line N: what is wrong.`"""
    found = re.match(r"^.*?(?:, line (?P<line>\d+))?: (?P<what>.*)$", message, re.DOTALL)
    return (int(found["line"] or 0), found["what"].rstrip(".")) if found else (0, message.rstrip("."))


def suggest(remedy: str, word: str, known: Iterable[str]) -> str:
    """The remedy, followed by the closest known word where there is one."""
    hint = did_you_mean(word, known)
    return f"{remedy}.{hint}" if hint else remedy


def relative(path: Path, root: Path) -> str:
    """The path as a finding shows it: relative to `root` where it lies below, with forward slashes."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
