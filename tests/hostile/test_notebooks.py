"""A submitted notebook, while it is graded, reaches nothing beyond its cell, and cannot give itself a score."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.notebooks.execution import Interpreter
from breakwater import paths

pytestmark = [pytest.mark.hostile, pytest.mark.sandbox]

ATTACKS = """
import os, signal, socket
from pathlib import Path

def tried(name, attack):
    try:
        if found := attack():
            print("GOT", name, str(found)[:80])
    except Exception as error:
        print("NOT", name, type(error).__name__)

def connect(address):
    socket.create_connection(address, timeout=1).close()
    return address

def write(place):
    with open(place, "w") as file:
        return file.write("forged")

tried("keys", lambda: os.listdir({room!r} + "/keys"))
tried("others", lambda: os.listdir({room!r} + "/submitted"))
tried("gradebook", lambda: open({room!r} + "/gradebook.db", "rb").read(1))
tried("checks", lambda: os.listdir({course!r} + "/solutions"))
tried("course", lambda: os.listdir({course!r} + "/autograder"))
write("report.json"), write("lab.ipynb")  # copies
tried("package", lambda: write(os.__file__))
tried("venv", lambda: write({course!r} + "/.venv/x"))
tried("host", lambda: connect(("127.0.0.1", {port})))
tried("world", lambda: connect(("1.1.1.1", 53)))
tried("neighbours", lambda: [p for p in os.listdir("/proc") if p.isdigit() and int(p) not in (1, 2, os.getpid())])
tried("environ", lambda: b"SECRET" in Path("/proc/1/environ").read_bytes())
tried("root", lambda: os.setuid(0) is None)
print("DONE")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A submission's folder in a class, as nbgrader is about to run it."""
    folder = tmp_path / "class" / "autograded" / "eve" / "42-sample"
    for place in (folder, tmp_path / "class" / "keys", tmp_path / "class" / "submitted" / "bob"):
        place.mkdir(parents=True)
    for name in ("report.json", "lab.ipynb"):
        (folder / name).write_text("true")
    (tmp_path / "class" / "gradebook.db").write_text("x")
    yield folder
    assert [(folder / name).read_text() for name in ("report.json", "lab.ipynb")] == ["true", "true"]


def test_a_notebook_reaches_nothing_that_is_not_its_own(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "1")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told = {"room": str(tmp_path / "class"), "course": str(paths.ROOT), "port": listening.getsockname()[1]}
        with Interpreter() as interpreter:
            notebook = interpreter.run(new_notebook(cells=[new_code_cell(ATTACKS.format(**told))]), folder)
    said = "".join(out.get("text", "") for out in notebook.cells[0].outputs)
    assert said.endswith("DONE\n"), notebook.cells[0].outputs
    assert "GOT" not in said
