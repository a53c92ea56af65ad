"""The history of a learner's work: commits, branches and marks, safe against a kill at any moment.

`History` is a context: inside it no other `course` touches the same history. A lock file says what is under
way, so the next one finds what a killed one left, and finishes or clears it.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self, TextIO

from breakwater._git import Repository

NOT_KEPT = ("submissions/", ".course/", "__pycache__/", "*.pyc", ".ipynb_checkpoints/", ".venv/", ".*_cache/")
LEFT_LOCK_S = 2.0  # longer than any git command of ours holds its lock on a folder of this size


class History:
    """The history kept in `folder/.git`. Methods raise `EngineTrouble` where git refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._repo = Repository(folder)
        self._lock: TextIO | None = None

    @classmethod
    def create(cls, folder: Path, branch: str, message: str) -> None:
        """Make `folder` a repository whose first commit, on `branch`, holds what is in it."""
        (folder / ".gitignore").write_text("".join(f"{pattern}\n" for pattern in NOT_KEPT), encoding="utf-8")
        repo = Repository(folder)
        repo.run("init", "--quiet", "--template=")
        repo.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        repo.run("add", "--all")
        repo.run("commit", "--quiet", f"--message={message}")

    def __enter__(self) -> Self:
        self._lock = (self._repo.database / "course.lock").open("a+", encoding="utf-8")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._lock.seek(0)
        self._repair(self._lock.read())
        self._under_way("commit")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._lock
        if self._repo.database.exists():
            self._under_way("")
        self._lock.close()

    @property
    def branch(self) -> str:
        """The branch that is checked out; `HEAD` where none is."""
        return self._repo.run("rev-parse", "--abbrev-ref", "HEAD").strip()

    def keep(self, message: str, *, always: bool = False) -> str:
        """Commit everything that changed, if anything did or `always`; return the id of the commit that holds it."""
        self._repo.run("add", "--all")
        if always or not self._repo.succeeds("diff", "--cached", "--quiet"):
            self._repo.run("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self._repo.run("rev-parse", "--short=10", "HEAD").strip()

    def mark(self, name: str, *, once: bool = False) -> None:
        """Remember the present commit under `name`; with `once`, only if nothing is remembered there yet."""
        if not (once and self.marked(name)):
            self._repo.run("update-ref", _mark(name), "HEAD")

    def marked(self, name: str) -> str:
        """The mark's full name, which every method takes for a state; empty if there is none."""
        return _mark(name) if self._repo.succeeds("rev-parse", "--verify", "--quiet", _mark(name)) else ""

    def same(self, mark: str, path: str) -> bool:
        """Whether what is kept under `path` is what it was at `mark`; no, where there is no such mark."""
        return self._repo.succeeds("diff", "--quiet", _mark(mark), "HEAD", "--", path)

    def time_of(self, mark: str) -> str:
        """When the state at `mark` was committed, in ISO 8601."""
        return self._repo.run("log", "-1", "--format=%cI", _mark(mark)).strip()

    def tree_of(self, folder: Path, *, prefix: str) -> str:
        """Store what is in `folder` as a state in which it stands under `prefix`, and return its id."""
        with self._spare_index() as index:
            self._repo.run("add", "--all", "--force", ".", tree=folder, index=index)
            tree = self._repo.run("write-tree", tree=folder, index=index).strip()
        with self._spare_index() as index:
            self._repo.run("read-tree", f"--prefix={prefix}/", tree, index=index)
            return self._repo.run("write-tree", index=index).strip()

    def diff(self, state: str, folders: tuple[str, ...], *, colour: bool = False) -> str:
        """A patch from `state` to what is there now under `folders`, new files included."""
        with self._spare_index() as index:
            self._repo.run("read-tree", "HEAD", index=index)
            self._repo.run("add", "--all", index=index)
            now = self._repo.run("write-tree", index=index).strip()
        return self._repo.run("diff", f"--color={'always' if colour else 'never'}", state, now, "--", *folders)

    def restore(self, state: str, folders: tuple[str, ...]) -> None:
        """Make `folders` what they were in `state`. What is there now must have been kept."""
        known = [f for f in folders if self._has(state, f) or self._has("HEAD", f)]
        if known:
            self._repo.run("checkout", "--quiet", "--no-overlay", state, "--", *known)

    def has_branch(self, branch: str) -> bool:
        return self._repo.succeeds("show-ref", "--verify", "--quiet", f"refs/heads/{branch}")

    def open_branch(self, branch: str, state: str, message: str) -> None:
        """Make a branch off the present one, in which each folder that `state` holds is what it is there."""
        with self._spare_index() as index:
            self._repo.run("read-tree", "HEAD", index=index)
            for folder in self._repo.run("ls-tree", "--name-only", state).splitlines():
                self._repo.run("rm", "-r", "--cached", "--quiet", "--ignore-unmatch", "--", folder, index=index)
                self._repo.run("read-tree", f"--prefix={folder}/", f"{state}:{folder}", index=index)
            tree = self._repo.run("write-tree", index=index).strip()
        commit = self._repo.run("commit-tree", tree, "-p", "HEAD", "-m", message).strip()
        self._repo.run("update-ref", _mark(f"opened/{branch}"), commit)
        self._repo.run("update-ref", f"refs/heads/{branch}", commit)

    def is_opened_by_us(self, branch: str) -> bool:
        return bool(self.marked(f"opened/{branch}"))

    def go_to(self, branch: str) -> None:
        """Check a branch out. What is there now must have been kept."""
        self._under_way(f"checkout {branch}")
        self._repo.run("checkout", "--quiet", branch)
        self._under_way("commit")

    def _has(self, state: str, path: str) -> bool:
        return self._repo.succeeds("cat-file", "-e", f"{state}:{path}")

    @contextmanager
    def _spare_index(self) -> Iterator[Path]:
        """An empty index of our own, so that the learner's staging area stays as it is."""
        with TemporaryDirectory(prefix="course-", dir=self._repo.database) as folder:
            yield Path(folder) / "index"

    def _under_way(self, what: str) -> None:
        """Note what is being done, for whoever comes after a kill."""
        assert self._lock
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(what)
        self._lock.flush()

    def _repair(self, under_way: str) -> None:
        if not under_way:
            return
        left = self._repo.database / "index.lock"
        give_up_at = time.monotonic() + LEFT_LOCK_S
        while left.exists() and time.monotonic() < give_up_at:
            time.sleep(0.05)  # the killed command's git may still be at work
        left.unlink(missing_ok=True)
        action, _, branch = under_way.partition(" ")
        if action == "checkout":  # all was kept before it, so nothing can be lost
            self._repo.run("checkout", "--quiet", "--force", branch)


def _mark(name: str) -> str:
    return f"refs/course/{name}"
