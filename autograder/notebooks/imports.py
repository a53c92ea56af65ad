"""What a notebook imports, by its source: to be imported before it runs, and to be the judge's own in its tests.

A test often compares by what another cell imported (`from math import isclose`). That cell runs in the learner's
process, where it can be put in place of. So the names that the source imports of the libraries below, and gives to
nothing else, mean in a test what they mean in the judge's process. The source decides, and no submission.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

PLAIN = ("cmath", "collections", "datetime", "decimal", "fractions", "itertools", "json", "math", "numbers", "operator")
WITH_DATA = ("numpy", "numpy.testing", "pandas", "pandas.testing", "re", "statistics", "string")
JUDGES = frozenset((*PLAIN, *WITH_DATA, "nose.tools", "pytest", "unittest"))
"""Libraries whose functions do with plain values what they do anywhere, and keep nothing that a test would look at."""
Helpers = Mapping[str, tuple[str, str]]
"""From a name to a module, and what it is called there; to the module itself where that is empty."""


def libraries(*notebooks: Any) -> tuple[str, ...]:
    """The modules that the code cells of notebooks import, by name. A cell that is no plain Python has none."""
    found = (module for notebook in notebooks for _, tree in _cells(notebook) for _, module, _ in _imports(tree))
    return tuple(dict.fromkeys(found))


def helpers(source: Any) -> Helpers:
    """What tests of a notebook have of their own, by its source."""
    found: dict[str, tuple[str, str]] = {}
    taken: set[str] = set()
    for cell, tree in _cells(source):
        is_given = not cell.metadata.get("nbgrader", {}).get("solution")
        for name, module, attribute in _imports(tree):
            top = module.partition(".")[0]
            place = (top if name == top and not attribute else module, attribute)  # `import a.b` binds `a`
            if not is_given or module not in JUDGES or found.setdefault(name, place) != place:
                taken.add(name)
        taken |= set(_bound(tree))
    return {name: place for name, place in found.items() if name not in taken}


def _cells(notebook: Any) -> Iterator[tuple[Any, ast.Module]]:
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        try:
            lines = (line for line in cell.source.splitlines() if line[:1] not in ("%", "!"))
            yield cell, ast.parse("\n".join(lines))
        except (SyntaxError, ValueError):
            continue


def _imports(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """The name that each import binds, the module, and what it takes from there (empty: the module itself)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name, ""
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, node.module, alias.name


def _bound(tree: ast.Module) -> Iterable[str]:
    """The names to which something is given that is not imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
