"""Record what plain nbgrader, in its stock configuration, says about the notebooks of the parity tests.

It takes minutes, so its answers are kept in `recorded.json`, with the digest of what they are about; where that no
longer holds, the parity tests fail and say so. To make them anew: `python -m tests.autograder.parity.record`.
"""

import argparse
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.autograder.parity.choices import CHOICES, Choice
from tests.autograder.parity.learners import LEARNERS
from tests.autograder.parity.libraries import FILES
from tests.autograder.parity.notebooks import EXAMPLE, NOTEBOOKS
from tests.autograder.sources import write

RECORDED = Path(__file__).with_name("recorded.json")
ASSIGNMENT = "parity"
GRADES = """
    SELECT o.name, s.student_id, b.name, g.auto_score, g.needs_manual_grade FROM grade g
    JOIN base_cell b ON b.id = g.cell_id JOIN submitted_notebook n ON n.id = g.notebook_id
    JOIN notebook o ON o.id = n.notebook_id JOIN submitted_assignment s ON s.id = n.assignment_id"""
COMMENTS = GRADES.replace("g.auto_score, g.needs_manual_grade", "g.auto_comment").replace("grade g", "comment g")
Said = dict[str, dict[str, dict[str, list[Any]]]]


def lay(root: Path) -> None:
    """Lay the sources and the submissions below `root`, as nbgrader wants them."""
    for name, parity in NOTEBOOKS.items():
        write(parity.source, root / "source" / ASSIGNMENT / f"{name}.ipynb")
        for learner, notebook in parity.submissions():
            write(notebook, root / "submitted" / learner / ASSIGNMENT / f"{name}.ipynb")
    for folder in (root / "source", *(root / "submitted" / learner for learner in LEARNERS)):
        for name, text in FILES.items():
            (folder / ASSIGNMENT / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / ASSIGNMENT / name).write_text(text)
        shutil.copy(EXAMPLE / "source" / "ps1" / "jupyter.png", folder / ASSIGNMENT)


def read(gradebook: Path) -> dict[str, Any]:
    """What a gradebook says: notebook → learner → cell → score and whether a person has to look; and comments."""
    with sqlite3.connect(gradebook) as database:
        return {kind: _nested(database.execute(sql)) for kind, sql in (("grades", GRADES), ("comments", COMMENTS))}


def _nested(rows: Any) -> Said:
    found: Said = {}
    for notebook, learner, cell, *values in rows:
        found.setdefault(notebook, {}).setdefault(learner, {})[cell] = values
    return found


def digest() -> str:
    """What the recorded answers are about: nbgrader's version, the notebooks and the files."""
    told = [[name, parity.source, dict(parity.submissions())] for name, parity in NOTEBOOKS.items()]
    chosen = [[name, choice.source, choice.submitted] for name, choice in CHOICES.items()]
    text = json.dumps([version("nbgrader"), told, chosen, FILES], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> None:
    argparse.ArgumentParser(description="Record what plain nbgrader says.").parse_args()
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        lay(Path(folder))
        said = _by_nbgrader(Path(folder))
    said["choices"] = {name: _chosen(choice) for name, choice in CHOICES.items()}
    RECORDED.write_text(json.dumps({"digest": digest(), **said}, indent=1, sort_keys=True) + "\n")


def _by_nbgrader(root: Path) -> dict[str, Any]:
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for step in ("generate_assignment", "autograde"):
        subprocess.run([sys.executable, "-m", "nbgrader", step, ASSIGNMENT], cwd=root, env=env, check=True)
    return read(root / "gradebook.db")


def _chosen(choice: Choice) -> Any:
    """What nbgrader says about the example of a choice: a cell's score each, or that it stops."""
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        write(choice.source, Path(folder, "source", ASSIGNMENT, "one.ipynb"))
        write(choice.submitted, Path(folder, "submitted", "ada", ASSIGNMENT, "one.ipynb"))
        try:
            grades = _by_nbgrader(Path(folder))["grades"]["one"]["ada"]
        except subprocess.CalledProcessError:
            return "stopped"
    return {cell: score for cell, (score, _) in grades.items()}


if __name__ == "__main__":
    main()
