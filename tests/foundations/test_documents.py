"""The commands that README and CONTRIBUTING name are right: the cheap ones are run, the others parsed as they stand."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from breakwater import cli, paths

HERE = Path(sys.executable).parent
CHEAP = ("course dev check 09 --static", "course dev render --check", "ruff check .", "course syllabus")
FOUND_SOMETHING = 1
PLACEHOLDERS = {"DIR": "labs"}


def commands(document: str) -> Iterator[str]:
    """The commands in a table's last cell, and the lines of fenced blocks that begin as commands do."""
    text = (paths.ROOT / document).read_text(encoding="utf-8")
    for cell in re.findall(r"\| (`[^|]+`) \|$", text, re.MULTILINE):
        yield from (part.strip() for code in re.findall(r"`([^`]+)`", cell) for part in code.split("&&"))
    for block in re.findall(r"^```\n(.+?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            yield re.sub(r"\s+#.*| {3,}.*", "", line.removeprefix("$ ").strip())


def known(document: str) -> list[str]:
    begins = re.compile(r"(course|make|pytest|python -m|bash|ruff|mypy)\b")
    return sorted({command for command in commands(document) if begins.match(command)})


@pytest.fixture(scope="module")
def course() -> typer.core.TyperGroup:
    app = typer.Typer()
    cli.register_all(app)
    return typer.main.get_command(app)  # type: ignore[return-value]


@pytest.mark.parametrize("command", [*known("CONTRIBUTING.md"), *known("README.md")])
def test_a_command_is_right(command: str, course: typer.core.TyperGroup) -> None:
    first, *rest = shlex.split(command)
    if command in CHEAP:
        assert run(HERE / first, *rest) in (0, FOUND_SOMETHING)
    elif first == "course":
        parse(course, rest)
    elif first == "make":
        assert run("make", "-n", *rest) == 0
    elif first == "pytest":
        assert run(HERE / first, "--collect-only", *rest) == 0
    elif first == "python":
        assert run(HERE / first, *rest, "--help") == 0
    elif first == "bash":
        assert run("bash", "-n", *rest) == 0
    else:
        assert run(HERE / first, "--version") == 0


def test_there_are_commands_to_hold() -> None:
    assert len(known("CONTRIBUTING.md")) > 20
    assert {"course shop up", "make start", "course progress"} <= set(known("README.md"))


def test_the_files_that_contributing_shows_are_there() -> None:
    text = (paths.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|patch|svg))`", text)
    assert len(shown) > 8
    assert [name for name in shown if not (paths.ROOT / name).exists()] == []


def parse(command: object, words: list[str]) -> None:
    """Take the words as the command would, and stop before it does anything."""
    words = [PLACEHOLDERS.get(word, word) for word in words]
    while hasattr(command, "commands"):
        if words[0].startswith("--"):  # of `course` itself
            return
        command, words = command.commands[words[0]], words[1:]
    command.make_context("course", words)  # type: ignore[attr-defined]


def run(*command: object) -> int:
    done = subprocess.run([*map(str, command)], cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode
