"""Hints: what leads on after a failed check. Four a check, from a question to one way; never the code."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import RootModel, Strict

from breakwater import paths, toml
from breakwater.checks.job import Planned
from breakwater.errors import BadInput, did_you_mean


class Misconception(toml.Table):
    """A belief that explains a behaviour. `seen` is a pattern (re) looked for in what the check said."""

    seen: str
    belief: str


class Hints(toml.Table):
    """The hints of one check, in climbing order; `read` says where the matter is taught."""

    read: str = ""
    hints: toml.Texts
    misconceptions: Annotated[tuple[Misconception, ...], Strict(False)] = ()

    def beliefs(self, said: str) -> list[str]:
        """The beliefs that would explain what a check said."""
        return [m.belief for m in self.misconceptions if re.search(m.seen, said)]


class _File(RootModel[dict[str, Hints]]):
    """hints.toml: a table a check."""


def find(module_id: str, check: str) -> Hints:
    """The hints of one check, public or (where solutions are present) hidden.

    Raises:
        BadInput: the file is broken, or has none for this check; the message names the closest one.
    """
    tables = _tables(module_id)
    if check not in tables:
        guess = did_you_mean(check, tables) or f" There are: {', '.join(tables) or 'none'}."
        raise BadInput(f"{module_id} has no hints for a check `{check}`.{guess}")
    return tables[check]


def next_step(module_id: str, check: Planned) -> str:
    """What to do about a check that did not pass: the command for its hints, and what to read."""
    try:
        table = _tables(module_id).get(check.id)
    except BadInput:
        return ""
    if table is None:
        return ""
    number = module_id.partition("-")[0]
    return f"course hint {number} {check.id}" + (f"        Read: {table.read}" if table.read else "")


def _tables(module_id: str) -> dict[str, Hints]:
    files = (folder / module_id / "hints.toml" for folder in (paths.LABS, paths.SOLUTIONS))
    return {name: table for file in files if file.exists() for name, table in _read(file).items()}


def _read(file: Path) -> dict[str, Hints]:
    return toml.read(file, _File).root
