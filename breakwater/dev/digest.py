"""Digests: what a record is about. While a digest stays the same, what was proved before still holds."""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from breakwater.bases import is_crumb
from breakwater.dev import quiz
from breakwater.dev.content import ModuleContent

JUDGING = ("checks", "engines", "faults")
_INCLUDE = re.compile(r"<!--\s*include:\s*(?P<target>[^\s#]+)(?:#\S+)?\s*-->")
_CODE = re.compile(r"^```python\b.*?^```$", re.MULTILINE | re.DOTALL)
_SHOWN = re.compile(r'^```python tags=\["show"\]\n')


def lab_digest(module: ModuleContent) -> str:
    """The digest of everything in the project that can change a verdict of the module's checks.

    That is: the lab's card (its budgets) and checks, public and hidden; the naive shop with the provider, the
    contracts and the invariants; the reference and every answer; of the package `breakwater` what the checks'
    process imports, directly or not; and the pinned versions of what that imports and of Locust, which a check may
    run. It leaves out prose and hints, which no verdict hangs on, and the machine, which the margins account for.
    """
    return _judged_by(module, module.solutions / "wrong", module.solutions / "other")


def shop_digest(module: ModuleContent) -> str:
    """As `lab_digest`, without the answers: what can change the verdicts on a shop that is known itself."""
    return _judged_by(module)


def _judged_by(module: ModuleContent, *answers: Path) -> str:
    folders = [module.lab / "checks", module.solutions / "checks", module.naive, module.reference, *answers]
    files = [path for folder in folders for path in folder.glob("**/*")]
    locks = (module.root / f"requirements-{what}.lock" for what in ("core", "lab"))
    files += [module.lab / "lab.toml", *locks, *judging_code(module.root)]
    return _digest((path.relative_to(module.root).as_posix(), path.read_bytes()) for path in _real(module.root, files))


def cells_digest(module: ModuleContent) -> str:
    """The digest of the lessons' code cells: what can change whether a notebook's own tests pass.

    It leaves out which cells the site may show.
    """
    found = [(file.name, match[0]) for file in module.lessons for match in _CODE.finditer(_text(file))]
    return _digest((name, _SHOWN.sub("```python\n", code).encode()) for name, code in found)


def lesson_digest(lesson: Path) -> str:
    """The digest of what a lesson's notebook is made from: its source, what it includes, the quiz if it asks."""
    text = _text(lesson)
    files = [lesson, *(lesson.parent / found["target"] for found in _INCLUDE.finditer(text))]
    files += [lesson.parent / quiz.QUIZ] if any(quiz.asked(text)) else []
    return _digest((file.name, file.read_bytes()) for file in files if file.is_file())


def judging_code(root: Path) -> list[Path]:
    """The files of `breakwater` that count when checks run: those packages, and what they import, to the end.

    `breakwater/__init__.py` is not followed: what it offers to notebooks, no check sees.
    """
    package = root / "breakwater"
    todo = [file for name in JUDGING for file in package.glob(f"{name}/**/*") if file.is_file()]
    found: set[Path] = {package / "__init__.py"}
    while todo:
        file = todo.pop()
        if file not in found and not is_crumb(file.relative_to(root)):
            found.add(file)
            if file.suffix == ".py":
                todo += _imports(root, file)
    return sorted(found)


def _imports(root: Path, file: Path) -> Iterator[Path]:
    for name in _imported(_text(file)):
        place = root / name.replace(".", "/")
        yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())


@cache
def _imported(program: str) -> tuple[str, ...]:
    """The modules of `breakwater` that a program may import, wherever the statement stands."""
    names: list[str] = []
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(name for name in names if name.partition(".")[0] == "breakwater")


def _real(root: Path, files: Iterable[Path]) -> list[Path]:
    return sorted({path for path in files if path.is_file() and not is_crumb(path.relative_to(root))})


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _digest(parts: Iterable[tuple[str, bytes]]) -> str:
    """SHA-256 over names and contents, each preceded by its length, so that no two lists of parts collide."""
    whole = hashlib.sha256()
    for name, data in parts:
        for piece in (name.encode(), data):
            whole.update(len(piece).to_bytes(8, "big") + piece)
    return f"sha256:{whole.hexdigest()}"
