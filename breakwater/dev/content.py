"""Where the files of a module are: three folders that share its id, and a line in course.toml."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from breakwater import paths, syllabus
from breakwater.dev.finding import Finding, relative


@dataclass(frozen=True)
class ModuleContent:
    """One module's files under `root`. `id` is `NN-topic`, the name that its three folders share."""

    id: str
    root: Path

    @property
    def number(self) -> str:
        return self.id.partition("-")[0]

    @property
    def lab(self) -> Path:
        return self.root / "labs" / self.id

    @property
    def solutions(self) -> Path:
        return self.root / "solutions" / self.id

    @property
    def notebooks(self) -> Path:
        return self.root / "modules" / self.id

    @property
    def naive(self) -> Path:
        return self.root / "labs" / "boxoffice"

    @property
    def reference(self) -> Path:
        return self.solutions / "boxoffice"

    @property
    def record(self) -> Path:
        return self.solutions / "record.json"

    @property
    def goldens(self) -> Path:
        return self.solutions / "goldens.json"

    @property
    def lessons(self) -> list[Path]:
        return sorted(self.solutions.glob("lesson*.md"))

    @cached_property
    def lab_table(self) -> dict[str, Any]:
        """lab.toml as it stands, unchecked; empty where it is absent or broken (a rule of its own says so)."""
        return read_toml(self.lab / "lab.toml")

    def finding(self, path: Path, line: int, rule: str, what: str, remedy: str) -> Finding:
        return Finding(relative(path, self.root), line, rule, what, remedy)


@dataclass(frozen=True)
class Content:
    """All content under `root`, the folder that holds course.toml."""

    root: Path = field(default_factory=lambda: paths.ROOT)

    @cached_property
    def syllabus(self) -> syllabus.Syllabus:
        """Raises BadInput where course.toml is broken."""
        return syllabus.load(self.root / "course.toml")

    def modules(self, *, built: bool = False) -> list[ModuleContent]:
        """The modules of course.toml in its order; with `built`, only those that are finished."""
        rows = self.syllabus.built if built else self.syllabus.modules
        return [ModuleContent(row.id, self.root) for row in rows]

    def find(self, name: str) -> ModuleContent:
        """The module called `name`: `9`, `09`, `resilience` or `09-resilience`. Raises BadInput where there is none."""
        return ModuleContent(self.syllabus.find(name).id, self.root)


def read_toml(path: Path) -> dict[str, Any]:
    """The file's table; empty where it is absent or broken."""
    try:
        return _toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


@cache
def _toml(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def line_of(path: Path, words: Iterable[str]) -> int:
    """The first line of the file that holds all of the words, counted from 1; 0 where none does."""
    wanted = tuple(words)
    for number, line in enumerate(_lines(path), 1):
        if all(word in line for word in wanted):
            return number
    return 0


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
