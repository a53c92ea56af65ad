"""A class among whose submissions are attacks, what there is to be got from it, and what an attack got.

It is graded by `course grade --source`, all at once, or, to prove an attack, by plain nbgrader.
"""

import csv
import io
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell
from nbformat.validator import isvalid

from autograder import batch, batch_cli
from autograder.gradebook import export, results
from autograder.gradebook.results import Submission
from autograder.pages import failures, feedback
from tests.autograder.room import Room
from tests.autograder.sources import fill_in, release, write
from tests.hostile.assignment import ASSIGNMENT, FULL, RIGHT, SECRET, tests_of
from tests.hostile.attacks.attack import Attack
from tests.hostile.listening import Listening, listening

TOKEN = ("GRADER_TOKEN", SECRET)  # in the environment of who grades
BUDGET_S = 2
CONFIG = f"""
from autograder.preprocessors import HideHiddenTests
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import GetGrades
c = get_config()
c.GenerateFeedback.preprocessors = [GetGrades, HideHiddenTests, CSSHTMLHeaderPreprocessor]
c.Execute.timeout = {BUDGET_S}
c.Execute.memory = {1 << 30}
c.Execute.written = {64 << 20}
"""
LONGEST = 70 << 20  # bytes of a graded notebook that anybody opens
ACTS = re.compile(r"<script>GOT|<[^>&]*on(error|load)=GOT")
HONEST = ("ada", "zoe")  # the first and the last to be graded
KNOWN = "import os, socket, sys\nNAME, MARK, ROOM, PORT = {name!r}, {mark!r}, {room!r}, {port}\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Siege:
    """A class in the folder `root`. `servers` are what on this machine an attack may reach."""

    def __init__(self, root: Path, attacks: Sequence[Attack], servers: Listening) -> None:
        self.room, self.attacks, self._servers = Room(root, ASSIGNMENT, "siege"), attacks, servers
        (root / "nbgrader_config.py").write_text(CONFIG)
        (root / "keys").mkdir()
        (root / "keys" / "seed").write_text(SECRET)
        for name in HONEST:
            self.room.hand_in(name, RIGHT)
        for attack in attacks:
            self._hand_in(attack)
        self._before = self._bystanders()
        self._read: tuple[Path, dict[str, Any]] = root, {}

    def _hand_in(self, attack: Attack) -> None:
        notebook = fill_in(release(ASSIGNMENT), RIGHT | {"why": "No idea.", attack.aims: attack.code})
        known = KNOWN.format(
            name=attack.name, mark=self._mark(attack), room=str(self.room.root), port=self._servers.port
        )
        notebook.cells.insert(0, new_code_cell(known + attack.first, id="first"))
        if attack.last:
            notebook.cells.append(new_code_cell(attack.last, id="the-end"))
        folder = self.room.handed_in / attack.owner / "ps1"
        folder.mkdir(parents=True)
        if attack.tamper:
            attack.tamper(folder, notebook)
        else:
            write(notebook, folder / "siege.ipynb")

    def _mark(self, attack: Attack) -> str:
        """What an attack calls its processes: no other class's on this machine are called so."""
        return f"{self._servers.port}-{attack.name}"[:15]

    def _bystanders(self) -> dict[str, bytes]:
        """What nobody may change: the source, the configuration, the seed, what others handed in."""
        kept = [self.room.source, self.room.root / "nbgrader_config.py", self.room.root / "keys" / "seed"]
        kept += [self.room.handed_in / name / "ps1" / "siege.ipynb" for name in HONEST]
        return {str(file): file.read_bytes() if file.exists() else b"" for file in kept}

    @cached_property
    def submissions(self) -> dict[str, Submission]:
        """By student, what the gradebook holds."""
        return {one.student.id: one for one in results.read(self.room.gradebook, "ps1").submissions}

    def autograded(self, student: str) -> Path:
        return self.room.root / "autograded" / student / "ps1" / "siege.ipynb"

    def got(self, attack: Attack) -> str:
        """What an attack got that was not its own, in a few words; empty if nothing."""
        found = [
            self._points(attack),
            self._shown(attack),
            self._servers.heard(attack.name),
            "another's points" if not self.is_fair() else "",
            "another's file" if self._bystanders() != self._before else "",
            "a life after its notebook" if _alive(self._mark(attack)) else "",
            self._left(attack),
            "a script on the page" if self._acts(attack) else "",
            "an order to the terminal" if "\x1b" in self._reported(attack) else "",
            "a formula" if any(_is_formula(cell, attack.owner) for cell in self.table_cells) else "",
        ]
        return ", ".join(filter(None, found))

    def _points(self, attack: Attack) -> str:
        one = self.submissions.get(attack.owner)
        marks = {question.name: mark.score or 0.0 for question, mark in one.marks.items()} if one else {}
        points = sum(marks.get(name, 0.0) for name in (*tests_of(attack.aims), "why"))
        return f"{points:g} points" if points else ""

    def _shown(self, attack: Attack) -> str:
        """What a cell that is no test shows of a secret, or says that it got."""
        for text in self._texts(attack):
            if SECRET in text:
                return "a secret"
            if "GOT " in text:
                return text[text.index("GOT ") :].partition("\\n")[0][:60]
        return ""

    def _texts(self, attack: Attack) -> Iterator[str]:
        for cell in self._graded(attack).get("cells", ()):
            if cell["cell_type"] == "code" and not cell["metadata"].get("nbgrader", {}).get("grade"):
                yield from map(json.dumps, cell["outputs"])
        yield from failures.shown(self.autograded(attack.owner)).values()

    def _left(self, attack: Attack) -> str:
        """What is left where results lie, and is none."""
        file = self.autograded(attack.owner)
        if (file.parent / ".git").exists():
            return "a repository among the results"
        size = file.stat().st_size if file.is_file() else 0
        if size > LONGEST:
            return f"a notebook of {size >> 20} MB"
        return "a notebook that nobody can read" if size and not isvalid(self._graded(attack)) else ""

    def _graded(self, attack: Attack) -> dict[str, Any]:
        """The graded notebook, if there is one."""
        file = self.autograded(attack.owner)
        if self._read[0] != file:
            self._read = file, json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return self._read[1]

    def _acts(self, attack: Attack) -> bool:
        page = self.room.root / "feedback" / attack.owner / "ps1" / "siege.html"
        if page.is_file():
            return bool(ACTS.search(page.read_text(encoding="utf-8", errors="replace")))
        return attack.owner in self.submissions and bool(ACTS.search(self.page(attack)))

    def _reported(self, attack: Attack) -> str:
        """The line about it that `course grade` prints on a terminal."""
        record = self.room.root / "judged" / "ps1" / "siege" / f"{attack.owner}.json"
        if len(record.name.encode()) > 255 or not record.is_file():
            return ""
        with redirect_stdout(Terminal()) as terminal:
            batch_cli._say(batch.Graded(**json.loads(record.read_text())["graded"]))
        return terminal.getvalue()

    @cached_property
    def table_cells(self) -> set[str]:
        """The cells of the exported table, however a spreadsheet takes it apart."""
        file = self.room.root / "grades.csv"
        table = (
            file.read_text()
            if file.exists()
            else export.text(results.read(self.room.gradebook, "ps1"), {}, as_json=False)
        )
        return {cell for part in ",;\t" for row in csv.reader(io.StringIO(table), delimiter=part) for cell in row}

    def is_fair(self) -> bool:
        """Whether those who solved it themselves have all points."""
        return all(name in self.submissions and self.submissions[name].score == FULL for name in HONEST)

    def page(self, attack: Attack) -> str:
        """The page that the attacker reads."""
        one, file = self.submissions[attack.owner], self.autograded(attack.owner)
        notebook = feedback._notebook("siege", one, "09-resilience", file.parent, file.parent)
        return feedback.render("Siege", "09-resilience", {"checks": []}, one, [notebook], file.parent)


def _is_formula(cell: str, owner: str) -> bool:
    return cell.startswith("=") and cell.startswith(owner.rpartition(";")[2])


def _alive(name: str) -> bool:
    """Whether a process runs that an attack has named after itself."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if (folder / "comm").read_text().strip() == name:
                    return True
            except OSError:
                continue
    return False


@contextmanager
def laid(attacks: Sequence[Attack]) -> Iterator[Siege]:
    """Lay a class with these attacks into a folder of its own, and clear it away, whatever there is."""
    folder = Path(tempfile.mkdtemp(prefix="siege-"))
    with listening() as servers:
        yield Siege(folder / "class", attacks, servers)
    subprocess.run(["rm", "-rf", folder])  # some of it is nested deeper than Python goes
