"""A class among whose submissions are attacks, what there is to be got from it, and what an attack got.

It is graded by `course grade --source`, all at once, or, to prove an attack, by plain nbgrader.
"""

import csv
import io
import json
import re
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from nbformat.v4 import new_code_cell
from nbformat.validator import isvalid

from autograder.gradebook import export, results
from autograder.gradebook.results import Submission
from autograder.pages import failures, feedback
from tests.autograder.room import Room
from tests.autograder.sources import answer, check, exercise, fill_in, given, release, solved, source, write
from tests.hostile.attacks.attack import Attack

SECRET = "tangerine-48151"
TOKEN = ("GRADER_TOKEN", SECRET)  # in the environment of who grades
BUDGET_S = 2
CONFIG = f"""
c = get_config()
c.Execute.timeout = {BUDGET_S}
c.Execute.memory = {1 << 30}
c.Execute.written = {64 << 20}
"""
VAULT = f"""### BEGIN HIDDEN TESTS
class Vault:
    _key = "{SECRET}"
    def __call__(self, turns):
        return turns * 3

KEY = "{SECRET}"
assert twice(Vault(), 2) == 18
assert twice(lambda number: number + 1, 2) == 4
### END HIDDEN TESTS"""
QUICK = """
import random, time
began, number = time.perf_counter(), random.randint(10 ** 6, 10 ** 9)
assert quick(number) == 2 * number
assert time.perf_counter() - began < 1.2
"""
ASSIGNMENT = source(
    "import statistics\nfrom math import isclose",
    exercise("total", "def total(numbers):\n" + solved("    return sum(numbers)")),
    check("total-test", "assert total([1, 2]) == 3"),
    exercise("mean", "def mean(numbers):\n" + solved("    return sum(numbers) / len(numbers)")),
    check("mean-test", "assert mean([1, 2, 6]) == 3", points=2),
    check(
        "mean-hidden",
        f"### BEGIN HIDDEN TESTS\nkey = '{SECRET}'\nassert mean([4, 815, 1623, 42]) == 621\n### END HIDDEN TESTS",
        points=2,
    ),
    exercise("half", "def half(number):\n" + solved("    return number / 2")),
    check("half-test", "right = [half(number) == number / 2 for number in (4, 7, 9)]\nsum(right) / 2", points=1.5),
    exercise("squares", "def squares(most):\n" + solved("    return [n * n for n in range(most)]")),
    check("squares-test", "for got, sum_of in zip(map(squares, (2, 4)), (1, 14)):\n    assert sum(got) == sum_of", 2),
    exercise("twice", "def twice(do, value):\n" + solved("    return do(do(value))")),
    check("twice-test", VAULT, points=2),
    exercise("quick", "def quick(number):\n" + solved("    return 2 * number")),
    check("quick-test", QUICK, points=2),
    exercise("root", "def root(number):\n" + solved("    return number ** 0.5")),
    check("root-test", "assert isclose(root(2) ** 2, 2)\nassert statistics.fmean([root(9), root(25)]) == 4", points=2),
    given("near", "def near(one, other):\n    return abs(one - other) < tolerance\n"),
    given("tolerance", "tolerance = 1e-9"),
    exercise("cube", "def cube(number):\n" + solved("    return number ** 3")),
    check("cube-test", "assert near(cube(2), 8)", points=2),
    exercise("note", "def note(text):\n" + solved("    open('note', 'w').write(text)")),
    check("note-test", "note('hello')\nassert open('note').read() == 'hello'", points=2),  # has to run beside the code
    answer("why", "Why is a sum of nothing zero?", points=3),
    check("last-test", "assert total([5]) == 5"),
)
RIGHT = {
    "total": "def total(numbers):\n    return sum(numbers)",
    "mean": "def mean(numbers):\n    return sum(numbers) / len(numbers)",
    "half": "def half(number):\n    return number / 2",
    "squares": "def squares(most):\n    return [n * n for n in range(most)]",
    "twice": "def twice(do, value):\n    return do(do(value))",
    "quick": "def quick(number):\n    return 2 * number",
    "root": "def root(number):\n    return number ** 0.5",
    "cube": "def cube(number):\n    return number ** 3",
    "note": "def note(text):\n    open('note', 'w').write(text)",
    "why": f"It is neutral. {SECRET}",
}
POINTS = {
    cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
    for cell in ASSIGNMENT.cells
    if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
}
FULL = sum(POINTS.values())
LONGEST = 70 << 20  # bytes of a graded notebook that anybody opens
ACTS = re.compile(r"<script>GOT|<[^>&]*on(error|load)=GOT")
HONEST = ("ada", "zoe")  # the first and the last to be graded
KNOWN = "import os, socket, sys\nNAME, MARK, ROOM, PORT = {name!r}, {mark!r}, {room!r}, {port}\n"


class Siege:
    """A class in the folder `root`. `listening` is what on this machine an attack may reach."""

    def __init__(self, root: Path, attacks: Sequence[Attack], listening: "Listening") -> None:
        self.room, self.attacks, self._listening = Room(root, ASSIGNMENT, "siege"), attacks, listening
        (root / "nbgrader_config.py").write_text(CONFIG)
        (root / "keys").mkdir()
        (root / "keys" / "seed").write_text(SECRET)
        for name in HONEST:
            self.room.hand_in(name, RIGHT)
        for attack in attacks:
            self._hand_in(attack)
        self._before = self._bystanders()

    def _hand_in(self, attack: Attack) -> None:
        notebook = fill_in(release(ASSIGNMENT), RIGHT | {"why": "No idea.", attack.aims: attack.code})
        known = KNOWN.format(
            name=attack.name, mark=self._mark(attack), room=str(self.room.root), port=self._listening.port
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
        return f"{self._listening.port}-{attack.name}"[:15]

    def _bystanders(self) -> dict[str, bytes]:
        """What nobody may change: the source, the seed, what others handed in."""
        kept = [self.room.source, self.room.root / "keys" / "seed"]
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
            self._listening.heard(attack.name),
            "another's points" if not self.is_fair() else "",
            "another's file" if self._bystanders() != self._before else "",
            "a life after its notebook" if _alive(self._mark(attack)) else "",
            self._left(attack),
            "a script on the page" if self._acts(attack) else "",
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
                return text[text.index("GOT ") :].splitlines()[0][:60]
        return ""

    def _texts(self, attack: Attack) -> Iterator[str]:
        file = self.autograded(attack.owner)
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"] if file.is_file() else ():
            if cell["cell_type"] == "code" and not cell["metadata"].get("nbgrader", {}).get("grade"):
                yield from ("".join(out.get("text", out.get("evalue", ""))) for out in cell["outputs"])
        yield from failures.shown(file).values()

    def _left(self, attack: Attack) -> str:
        """What is left where results lie, and is none."""
        file = self.autograded(attack.owner)
        if (file.parent / ".git").exists():
            return "a repository among the results"
        size = file.stat().st_size if file.is_file() else 0
        if 0 < size < LONGEST and not isvalid(json.loads(file.read_text(encoding="utf-8"))):
            return "a notebook that nobody can read"
        return f"a notebook of {size >> 20} MB" if size > LONGEST else ""

    def _acts(self, attack: Attack) -> bool:
        page = self.room.root / "feedback" / attack.owner / "ps1" / "siege.html"
        if page.is_file():
            return bool(ACTS.search(page.read_text(encoding="utf-8", errors="replace")))
        return attack.owner in self.submissions and bool(ACTS.search(self.page(attack)))

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


def tests_of(question: str) -> list[str]:
    """The names of the cells that test an exercise."""
    return [name for name in POINTS if name.startswith(f"{question}-")]


def worth(question: str) -> float:
    return sum(POINTS[name] for name in tests_of(question))


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


class Listening:
    """Servers of this machine, and who called there by name."""

    def __init__(self, *servers: socket.socket) -> None:
        self.port, self._said = int(servers[0].getsockname()[1]), b""
        for server in servers:
            threading.Thread(target=self._serve, args=[server], daemon=True).start()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                if server.type == socket.SOCK_DGRAM:
                    self._said += server.recv(100)
                    continue
                peer, _ = server.accept()
                with peer:
                    peer.settimeout(1)
                    self._said += peer.recv(100)
            except OSError:
                if server.fileno() < 0:
                    return

    def heard(self, name: str) -> str:
        return "the network" if name.encode() in self._said else ""


@contextmanager
def laid(attacks: Sequence[Attack]) -> Iterator[Siege]:
    """Lay a class with these attacks into a folder of its own, and clear it away, whatever there is."""
    folder = Path(tempfile.mkdtemp(prefix="siege-"))
    with _listening() as servers:
        yield Siege(folder / "class", attacks, servers)
    subprocess.run(["rm", "-rf", folder])  # some of it is nested deeper than Python goes


@contextmanager
def _listening() -> Iterator[Listening]:
    """Listen on a port, TCP and UDP, and on an abstract address that is named after the port."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        udp.bind(tcp.getsockname())
        abstract.bind(f"\0siege-{tcp.getsockname()[1]}")
        abstract.listen()
        yield Listening(tcp, udp, abstract)
        for server in (tcp, udp, abstract):
            server.close()
