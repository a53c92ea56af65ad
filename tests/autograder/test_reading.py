"""A submitted notebook is read, or there is a reason why not; it never takes the grader along."""

import json
from pathlib import Path
from typing import Any

import psutil
import pytest
from nbformat.v4 import new_output

from autograder import sandbox
from autograder.inside.interpreter import reader
from autograder.notebooks import reading
from autograder.notebooks._reader import reader as in_sandbox
from tests.autograder.sources import SUMS, copy, write

pytestmark = pytest.mark.sandbox


def test_a_notebook_is_read_without_what_it_showed(tmp_path: Path) -> None:
    made = copy(SUMS)
    made.cells[0].outputs = [new_output("stream", text="forged")]
    made.cells[0].execution_count = 7
    found = reading.read(write(made, tmp_path / "a.ipynb"))
    assert [cell.source for cell in found.cells] == [cell.source for cell in SUMS.cells]
    assert (found.cells[0].outputs, found.cells[0].execution_count) == ([], None)


def test_an_odd_output_costs_nothing(tmp_path: Path) -> None:
    made = copy(SUMS)
    made.cells[0].outputs = [{"output_type": "hologram"}]
    file = tmp_path / "a.ipynb"
    file.write_text(json.dumps(made))
    assert len(reading.read(file).cells) == len(SUMS.cells)


def test_an_old_format_is_upgraded(tmp_path: Path) -> None:
    cell = {
        "cell_type": "code",
        "collapsed": False,
        "input": "1 + 1",
        "language": "python",
        "metadata": {},
        "outputs": [],
    }
    old = {
        "metadata": {"name": ""},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": [cell], "metadata": {}}],
    }
    file = tmp_path / "a.ipynb"
    file.write_text(json.dumps(old))
    found = reading.read(file)
    assert (found.nbformat, found.cells[0].source) == (4, "1 + 1")


BROKEN: dict[str, Any] = {
    "empty": b"",
    "text": b"no notebook",
    "another kind of file": b"\x89PNG\r\n\x1a\n\0\0\0",
    "half of one": json.dumps(SUMS).encode()[:200],
    "a list": b"[]",
    "no cells": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "a future format": b'{"cells": [], "nbformat": 99, "nbformat_minor": 0, "metadata": {}}',
    "cells that are none": b'{"cells": [1], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "cells of an unknown kind": b'{"cells": [{"cell_type": "x"}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "nested without end": b"[" * 200_000,
    "a number without end": b'{"nbformat": ' + b"1" * 10_000 + b"}",
    "objects without end": b'{"cells": [' + b"{}," * 3_000_000 + b"{}]}",
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_notebook_has_a_reason_in_one_line(tmp_path: Path, what: str) -> None:
    file = tmp_path / "a.ipynb"
    file.write_bytes(BROKEN[what])
    with pytest.raises(reading.Unreadable, match=r"^it is no notebook: .+$"):
        reading.read(file)


def test_what_is_too_large_is_not_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "a.ipynb"
    with file.open("wb") as opened:
        opened.truncate(1 << 40)
    with pytest.raises(reading.Unreadable, match="more than 10 MiB"):
        reading.read(file)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write(SUMS, tmp_path / "theirs.ipynb")
    (tmp_path / "a.ipynb").symlink_to(tmp_path / "theirs.ipynb")
    with pytest.raises(reading.Unreadable, match="no regular file"):
        reading.read(tmp_path / "a.ipynb")
    with pytest.raises(reading.Unreadable, match="not there"):
        reading.read(tmp_path / "b.ipynb")


def test_no_stranger_is_read_by_the_grader_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "parse", None)
    assert len(reading.read(write(SUMS, tmp_path / "a.ipynb")).cells) == len(SUMS.cells)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(sandbox.NoSandbox):
        reading.read(tmp_path / "a.ipynb")


def test_a_reader_that_ended_is_replaced(tmp_path: Path) -> None:
    file = write(SUMS, tmp_path / "a.ipynb")
    for _ in range(2):
        assert reading.read(file).nbformat == 4
        process = in_sandbox()._process
        assert process
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.wait()


CELL = {"cell_type": "code", "source": "1", "metadata": {}}
FORGED: list[Any] = [
    None,
    [],
    "{}",
    {"cells": [CELL], "nbformat": 3, "metadata": {}},
    {"cells": CELL, "nbformat": 4, "metadata": {}},
    {"cells": [CELL | {"source": ["1"]}], "nbformat": 4, "metadata": {}},
    {"cells": [CELL | {"cell_type": ["code"]}], "nbformat": 4, "metadata": {}},
    {"cells": [CELL | {"metadata": None}], "nbformat": 4, "metadata": {}},
    {"cells": [{}], "nbformat": 4, "metadata": {}},
]


@pytest.mark.parametrize("said", [*({"notebook": each} for each in FORGED), {}, {"reason": {"a": "b"}}])
def test_whoever_took_the_reader_over_can_only_say_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    monkeypatch.setattr(in_sandbox(), "read", lambda file: said)
    with pytest.raises(reading.Unreadable):
        reading.read(write(SUMS, tmp_path / "a.ipynb"))
