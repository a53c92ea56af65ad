"""Every error that the course raises on purpose.

CourseError
 ├─ BadInput          a user's mistake: a name, a file, a key, an archive
 ├─ ShopDidNotStart   a service of the shop did not come up; the reason is in the message
 └─ EngineTrouble     the machine or an engine could not do what was asked

A message is one line: what is wrong, where, and what to do. `course` prints it without a
traceback and ends with `exit_status`.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class CourseError(Exception):
    """Base of all. `str(error)` is the line that a person reads."""

    exit_status: ClassVar[int] = 3

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [str(self)]


class BadInput(CourseError):
    """What the user gave cannot be used."""


class ShopDidNotStart(CourseError):
    """A service did not come up. `service` names it; `last_lines` are the end of its log."""

    def __init__(self, message: str, *, service: str = "", last_lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.service = service
        self.last_lines = last_lines


class EngineTrouble(CourseError):
    """The engine, or the machine under it, failed; no verdict about anybody's code follows."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean `x`?"`` for the closest known word, or an empty string."""
    close = get_close_matches(word, list(known), n=1)
    return f" Did you mean `{close[0]}`?" if close else ""
