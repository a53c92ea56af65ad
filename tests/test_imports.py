"""The arrows: autograder → breakwater → (compose file, labs), and content imports only what is made for it."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import breakwater
from breakwater import paths

FOR_CONTENT = {f"breakwater.{name}" for name in breakwater.__all__} | {"breakwater.notebook"}
FOR_CHECKS = {"breakwater.checks"}  # the fixtures' types
PLATFORM = {"breakwater", "autograder"}
CONTENT = ("labs", "solutions", "modules")


def sources(*folders: str) -> list[Path]:
    found = (
        file for folder in folders for file in (paths.ROOT / folder).rglob("*") if file.suffix in (".py", ".ipynb")
    )
    return sorted(
        file for file in found if not any(part.startswith(".") for part in file.relative_to(paths.ROOT).parts)
    )


def imports(file: Path) -> Iterator[str]:
    """Full names of everything that the code in `file` imports, at any depth."""
    for code in _code(file):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield from (f"{node.module}.{name.name}" for name in node.names)


def _code(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        yield text
    elif file.suffix == ".ipynb":
        yield from (
            _plain("".join(cell["source"])) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"
        )


def _plain(cell: str) -> str:
    """A cell without the lines that only IPython understands."""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in cell.splitlines())


def known_as(file: Path) -> str:
    return str(file.relative_to(paths.ROOT))


def is_under(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("file", sources("breakwater"), ids=known_as)
def test_the_platform_knows_neither_grader_nor_content(file: Path) -> None:
    assert [name for name in imports(file) if is_under(name, {"autograder", "tests", "bench", *CONTENT})] == []


@pytest.mark.parametrize("file", sources("autograder"), ids=known_as)
def test_the_grader_knows_no_content(file: Path) -> None:
    assert [name for name in imports(file) if is_under(name, {"tests", "bench", *CONTENT})] == []


@pytest.mark.parametrize("file", sources(*CONTENT), ids=known_as)
def test_content_imports_only_what_is_made_for_it(file: Path) -> None:
    allowed = FOR_CONTENT | FOR_CHECKS if "checks" in file.parts else FOR_CONTENT
    assert [name for name in imports(file) if is_under(name, PLATFORM) and not is_under(name, allowed)] == []


@pytest.mark.parametrize("file", sources("labs/boxoffice"), ids=known_as)
def test_the_shop_does_not_know_the_course(file: Path) -> None:
    assert [name for name in imports(file) if is_under(name, PLATFORM)] == []


def test_only_what_runs_inside_locust_imports_it() -> None:
    """Importing it patches the whole process: not the tests', a kernel's or the command's."""
    files = sources("breakwater", "autograder", "bench", "tests")
    importing = [file for file in files if any(is_under(name, {"locust", "gevent"}) for name in imports(file))]
    assert [known_as(file) for file in importing] == ["breakwater/load/_in_locust.py"]
