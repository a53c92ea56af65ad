"""What is handed in: notebooks whose metadata was edited, files that are none, links, names."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from tests.autograder.sources import write
from tests.hostile.attacks.attack import Attack, Without

REPAIR = "autograder/notebooks/repair.py"
WRONG = "def mean(numbers): return 0"
METADATA, CRAFTED = "edited metadata", "crafted files"


def _tests(notebook: Any) -> list[Any]:
    named = [(cell, cell.metadata.get("nbgrader", {}).get("grade_id", "")) for cell in notebook.cells]
    return [cell for cell, name in named if name in ("mean-test", "mean-hidden")]


def skipped(folder: Path, notebook: Any) -> None:
    for cell in _tests(notebook):
        cell.metadata["tags"] = ["skip-execution"]
    write(notebook, folder / "siege.ipynb")


def own_tests(folder: Path, notebook: Any) -> None:
    for cell in _tests(notebook):
        cell.source = "assert True"
        cell.metadata.nbgrader.update(locked=False, checksum="0" * 32)
    write(notebook, folder / "siege.ipynb")


def doubles(folder: Path, notebook: Any) -> None:
    for cell in _tests(notebook):
        another = json.loads(json.dumps(cell)) | {"id": f"x{cell.id}"[:60], "source": "assert True"}
        notebook.cells.append(type(cell)(another))
        notebook.cells[-1].metadata = type(cell)(nbgrader=dict(cell.metadata.nbgrader))
    write(notebook, folder / "siege.ipynb")


def as_text(folder: Path, notebook: Any) -> None:
    for cell in _tests(notebook):
        cell.cell_type = "raw"
        for name in ("outputs", "execution_count"):
            cell.pop(name, None)
        cell.metadata.nbgrader.cell_type = "raw"
    write(notebook, folder / "siege.ipynb")


def own_points(folder: Path, notebook: Any) -> None:
    for cell in _tests(notebook):
        cell.metadata.nbgrader.update(points=100, solution=True, grade=True, task=False)
    write(notebook, folder / "siege.ipynb")


def swapped(folder: Path, notebook: Any) -> None:
    first = next(cell for cell in notebook.cells if cell.id != "first" and "total([1, 2])" in cell.source)
    for cell in _tests(notebook):
        name, cell.metadata = cell.metadata.nbgrader.grade_id, {}
        made = json.loads(json.dumps(first)) | {"id": name}
        made["metadata"]["nbgrader"]["grade_id"] = name
        notebook.cells.append(type(first)(made))
    text = json.dumps(notebook)
    (folder / "siege.ipynb").write_text(text)


def half_a_letter(folder: Path, notebook: Any) -> None:
    text = json.dumps(notebook).replace("No idea.", "\\ud800")
    (folder / "siege.ipynb").write_text(text)


def escapes(folder: Path, notebook: Any) -> None:
    (folder / "siege.ipynb").write_text(json.dumps(notebook | {"nbformat": "\x1b]0;GOT the title\x07\x1b[2J"}))


def endless(folder: Path, notebook: Any) -> None:
    os.mkfifo(folder / "siege.ipynb")


def sparse(folder: Path, notebook: Any) -> None:
    with (folder / "siege.ipynb").open("w") as file:
        file.truncate(12 << 30)


def links_a_file(folder: Path, notebook: Any) -> None:
    (folder / "data").symlink_to(folder.parents[2] / "keys" / "seed")
    write(notebook, folder / "siege.ipynb")


def links_a_folder(folder: Path, notebook: Any) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(folder.parents[1] / "ada" / "ps1")


def repository(folder: Path, notebook: Any) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text('[core]\n\tfsmonitor = "touch /tmp/got"\n')
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    for name in ("objects", "refs"):
        (folder / ".git" / name).mkdir()
        (folder / ".git" / name / "x").write_text("")
    write(notebook, folder / "siege.ipynb")


def nested(folder: Path, notebook: Any) -> None:
    write(notebook, folder / "siege.ipynb")
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(1200):
        os.mkdir("d")
        os.chdir("d")
    Path("file").write_text("")
    os.chdir(here)


def no_text(folder: Path, notebook: Any) -> None:
    write(notebook, folder / "siege.ipynb")
    Path(os.fsdecode(bytes(folder / "data") + b"-\xfc.txt")).write_text("")


ATTACKS = (
    Attack("skips-its-tests", METADATA, "tests that are not run, by a tag", WRONG, tamper=skipped),
    Attack(
        "own-tests",
        METADATA,
        "tests of its own in place of ours",
        WRONG,
        tamper=own_tests,
        proof=Without(REPAIR, "if released.locked:", "if False:"),
    ),
    Attack("two-of-a-kind", METADATA, "tests of its own beside ours, by the same names", WRONG, tamper=doubles),
    Attack(
        "tests-as-text",
        METADATA,
        "tests that are no code",
        WRONG,
        tamper=as_text,
        proof=Without(REPAIR, "if cell.cell_type != released.cell_type:", "if False:"),
    ),
    Attack("own-points", METADATA, "points of its own choice", WRONG, tamper=own_points),
    Attack(
        "swapped-names",
        METADATA,
        "a test that it passes, under another's name",
        WRONG,
        tamper=swapped,
        proof=Without(REPAIR, "if released.locked:", "if False:"),
    ),
    Attack("half-a-letter", CRAFTED, "a text that nobody can write, and so no result", WRONG, tamper=half_a_letter),
    Attack("endless-file", CRAFTED, "a reader that waits for ever", tamper=endless, fair=False),
    Attack(
        "vast-file",
        CRAFTED,
        "a reader that reads for hours",
        tamper=sparse,
        fair=False,
        proof=Without(
            "autograder/digest.py",
            "hashlib.sha256(opened.read(NOTEBOOK_BYTES + 1))",
            'hashlib.file_digest(opened, "sha256")',
        ),
    ),
    Attack(
        "links-a-file",
        "symlink races",
        "a file of the instructor's, carried into its folder",
        WRONG,
        last="print(open('data').read())",
        tamper=links_a_file,
    ),
    Attack(
        "links-a-folder", "symlink races", "the work of another, by a link", WRONG, tamper=links_a_folder, fair=False
    ),
    Attack(
        "repository",
        "poison for the next",
        "a repository whose settings run when git looks at it",
        WRONG,
        tamper=repository,
    ),
    Attack(
        "nested-folders",
        CRAFTED,
        "a walk that does not come back",
        WRONG,
        tamper=nested,
        fair=False,
        proof=Without(
            "autograder/notebooks/autograded.py",
            "if len(Path(parent).relative_to(folder).parts) > DEEPEST:",
            "if False:",
        ),
    ),
    Attack(
        "no-text-for-a-name",
        CRAFTED,
        "the name of a file, in an encoding that nobody here has",
        WRONG,
        tamper=no_text,
        proof=Without("autograder/digest.py", '(parts).encode(errors="surrogateescape")', "(parts).encode()"),
    ),
)
