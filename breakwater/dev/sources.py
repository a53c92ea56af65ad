"""Reading checks without running them: what each says about itself, by its syntax tree."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from breakwater.dev.content import ModuleContent

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class CheckSource:
    """One check as its file states it. A value that is not written out as a literal is None."""

    file: Path
    line: int
    function: str
    id: str | None
    points: float | None
    outcome: str | None
    sentence: str
    needs: tuple[str, ...]
    hidden: bool


@dataclass(frozen=True)
class Source:
    """One file of checks, parsed. `error` holds line and message where it cannot be."""

    file: Path
    tree: ast.Module
    error: tuple[int, str] | None = None


def parse(file: Path) -> Source:
    return _parse(file, file.read_text(encoding="utf-8"))


@cache
def _parse(file: Path, text: str) -> Source:
    try:
        return Source(file, ast.parse(text))
    except SyntaxError as error:
        return Source(file, ast.parse(""), (error.lineno or 0, error.msg))


def check_files(module: ModuleContent, *, hidden: bool) -> list[Path]:
    folder = (module.solutions if hidden else module.lab) / "checks"
    return sorted(folder.glob("**/*.py"))


def read_checks(module: ModuleContent, *, hidden: bool | None = None) -> list[CheckSource]:
    """The checks of a module in order of file and line: public ones, hidden ones, or (None) both."""
    sides = (False, True) if hidden is None else (hidden,)
    return [
        _check(file, function, side)
        for side in sides
        for file in check_files(module, hidden=side)
        if file.name.startswith("test_")
        for function in parse(file).tree.body
        if isinstance(function, Function) and function.name.startswith("test_")
    ]


def _check(file: Path, function: Function, hidden: bool) -> CheckSource:
    name, points = _mark(function, "check"), _mark(function, "points")
    keywords = {k.arg: _literal(k.value) for mark in (name, points) if mark for k in mark.keywords}
    needs = keywords.get("needs") or ()
    value = _literal(points.args[0]) if points and points.args else None
    return CheckSource(
        file=file,
        line=function.lineno,
        function=function.name,
        id=_text(_literal(name.args[0]) if name and name.args else None),
        points=float(value) if isinstance(value, int | float) else None,
        outcome=_text(keywords.get("outcome")),
        sentence=ast.get_docstring(function) or "",
        needs=(needs,) if isinstance(needs, str) else tuple(needs),
        hidden=hidden,
    )


def _mark(function: Function, name: str) -> ast.Call | None:
    """The decorator `@pytest.mark.NAME(...)`, or None."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == f"pytest.mark.{name}":
            return decorator
    return None


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
