"""What a notebook imports, by its source, and what of its source a test has of its own.

A test often compares by what another cell imported (`from math import isclose`) or defined (a locked helper, a locked
constant). That cell runs in the learner's process, where something else can be put in its place. So names that the
source imports of the libraries below, or defines in locked cells, and gives to nothing else, mean in a test what they
mean in the judge's process. The source decides, and no submission.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

ALWAYS = ("matplotlib.pyplot", "numpy")  # what most notebooks with data import, where it is installed
PLAIN = ("cmath", "collections", "datetime", "decimal", "fractions", "itertools", "json", "math", "numbers", "operator")
WITH_DATA = ("numpy", "numpy.testing", "pandas", "pandas.testing", "re", "statistics", "string")
JUDGES = frozenset((*PLAIN, *WITH_DATA, "nose.tools", "pytest", "unittest"))
"""Libraries whose functions do with plain values what they do anywhere, and keep nothing that a test would look at."""
Place = tuple[str, str]
"""A module and what it is called there (nothing: the module itself); or no module, and a definition."""
Helpers = Mapping[str, Place]


def libraries(*notebooks: Any) -> tuple[str, ...]:
    """The modules that the code cells of notebooks import, by name, after those that most do.

    A cell that is no plain Python has none.
    """
    found = (module for notebook in notebooks for _, tree in _cells(notebook) for _, module, _ in _imports(tree))
    return tuple(dict.fromkeys((*ALWAYS, *found)))


def helpers(source: Any) -> Helpers:
    """What tests of a notebook have of their own, by its source: each name, and where it is to be had from."""
    bound: Counter[str] = Counter()
    offered: dict[str, list[Place]] = {}
    for cell, tree in _cells(source):
        bound.update(_bound(tree))
        for name, place in _own(cell.metadata.get("nbgrader", {}), tree):
            offered.setdefault(name, []).append(place)
    return {name: each[0] for name, each in offered.items() if len(set(each)) == 1 and len(each) == bound[name]}


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


def _own(about: Mapping[str, Any], tree: ast.Module) -> Iterator[tuple[str, Place]]:
    """What a cell offers: what it imports, unless a learner has to write it; what it defines, if it is locked."""
    for name, module, attribute in _imports(tree) if not about.get("solution") else ():
        if module in JUDGES:
            top = module.partition(".")[0]
            yield name, (top if name == top and not attribute else module, attribute)  # `import a.b` binds `a`
    for node in tree.body if about.get("locked") and not about.get("grade") else ():
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            yield node.name, ("", ast.unparse(node))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            yield from ((target.id, ("", ast.unparse(node))) for target in node.targets if isinstance(target, ast.Name))


def _bound(tree: ast.Module) -> Iterator[str]:
    """The names that are imported, defined, or given to something, each time that they are."""
    yield from (name for name, _, _ in _imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
