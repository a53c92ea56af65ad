"""The instructor's folder, `class/`: what is kept of a class, and where.

| | |
| --- | --- |
| `submitted/STUDENT/NN-topic/` | what the learner handed in, by allow-list; beside it the judge's `report.json` |
| `autograded/`, `feedback/` | nbgrader's own, and our page `feedback/STUDENT/NN-topic/index.html` |
| `report/NN-topic/index.html` | the instructor's page about the class |
| `judged/NN-topic/STUDENT.json` | the judge's whole report, hidden checks included, and what it was made from |
| `gradebook.db` | nbgrader's |
| `keys/` | the key that signs reports, its public half, the seed of the hidden checks; not in git: keep a copy |
"""

import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from breakwater import paths
from breakwater._git import Repository
from breakwater.errors import BadInput

LAB = "lab"
REPORT = "report.json"
TIMESTAMP = "timestamp.txt"
STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,79}")
IGNORED = "keys/\n*.db-journal\n.ipynb_checkpoints/\n"


@dataclass(frozen=True)
class Classroom:
    """One class. `root` is its folder."""

    root: Path

    @classmethod
    def here(cls) -> "Classroom":
        """The class that `course` works on (see breakwater.paths.class_folder)."""
        return cls(paths.class_folder().resolve())

    @property
    def gradebook(self) -> Path:
        return self.root / "gradebook.db"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    def submitted(self, module: str, student: str) -> Path:
        return self.root / "submitted" / student / module

    def autograded(self, module: str, student: str) -> Path:
        return self.root / "autograded" / student / module

    def feedback(self, module: str, student: str) -> Path:
        return self.root / "feedback" / student / module

    def judged(self, module: str, student: str) -> Path:
        return self.root / "judged" / module / f"{student}.json"

    def report(self, module: str) -> Path:
        return self.root / "report" / module / "index.html"

    def students(self, module: str) -> list[str]:
        """Those who have submitted the module, in order of their names."""
        return sorted(folder.parent.name for folder in self.root.glob(f"submitted/*/{module}") if folder.is_dir())

    def prepare(self) -> None:
        """Make what a class needs: the folder, its git repository. Nothing that is there is changed."""
        self.root.mkdir(parents=True, exist_ok=True)
        if not (self.root / ".git").exists():
            Repository(self.root).run("init", "--quiet", "--initial-branch=main")
        if not (self.root / ".gitignore").exists():
            (self.root / ".gitignore").write_text(IGNORED)

    def commit(self, message: str) -> None:
        """Keep the class as it is now in its history."""
        repository = Repository(self.root)
        repository.run("add", "--all", "--", ".", *(f":(exclude,literal){place}" for place in self._repositories()))
        if not repository.succeeds("diff", "--cached", "--quiet"):
            repository.run("commit", "--quiet", "--message", message)

    def _repositories(self) -> Iterator[str]:
        """Repositories among what was handed in. Git runs what their settings say when it comes by, so it must not."""
        for parent, folders, files in os.walk(self.root / "submitted"):
            if ".git" in (*folders, *files):
                folders.clear()
                yield Path(parent).relative_to(self.root).as_posix()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the class for one command; the lock ends with the process, however that ends.

        Raises:
            BadInput: another command holds it.
        """
        self.prepare()
        with (self.root / ".git" / "grading.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadInput(f"Another command is collecting or grading in {self.root}; wait for its end.") from None
            yield

    def seed(self) -> str:
        """The seed from which hidden checks draw what they use; made at first use."""
        return secret(self.keys / "seed", lambda: secrets.token_hex(16))


def student_id(name: str, whose: str) -> str:
    """Return `name` if it can be a student's id; raise BadInput, naming `whose` it is, if not."""
    if not STUDENT.fullmatch(name):
        raise BadInput(f"{whose}: `{name}` is no student id (letters, digits, `.`, `_`, `-`, `@`). Rename it.")
    return name


def secret(file: Path, make: Callable[[], str]) -> str:
    """The contents of a file that only its owner may read; made by `make` if it is not there."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = _half(file, make() + "\n", mode=0o600)
        # Several may find none and each make one. A link, unlike a rename, keeps the first, so that all read the same.
        with suppress(FileExistsError):
            file.hardlink_to(half)
        half.unlink()
        return file.read_text().strip()


def write_whole(file: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that others find the old one or the new one, never half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _half(file, text, mode).replace(file)


def _half(file: Path, text: str, mode: int) -> Path:
    """A new file beside `file`, of a name that no other process or thread uses."""
    half = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    return half
