"""A submission that is a repository: what its settings say is run by whoever asks git about it, in a class, too."""

import subprocess
from pathlib import Path

import pytest

from autograder.classroom import Classroom

pytestmark = pytest.mark.hostile
GIT = ["git", "-c", "user.name=eve", "-c", "user.email=eve@localhost"]


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    """A class into which such a submission was copied by hand, or by nbgrader."""
    room = Classroom(tmp_path / "class")
    room.prepare()
    shop = room.submitted("09-resilience", "eve") / "shop"
    shop.mkdir(parents=True)
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "Work"]):
        subprocess.run([*GIT, *command], cwd=shop, check=True)
    with (shop / ".git" / "config").open("a") as settings:
        settings.write(f'[core]\n\tfsmonitor = "touch {tmp_path}/got; false"\n')
    (shop.parent / "lesson.ipynb").write_text("{}")
    return room


def commit_twice(room: Classroom) -> None:
    for change in ("one", "another"):
        (room.submitted("09-resilience", "eve") / "shop" / "main.py").write_text(change)
        room.commit("Grade")


def test_a_class_is_kept_without_asking_a_submission(room: Classroom, tmp_path: Path) -> None:
    commit_twice(room)
    kept = subprocess.run([*GIT, "ls-files"], cwd=room.root, capture_output=True, text=True).stdout.split()
    assert kept == [".gitignore", "submitted/eve/09-resilience/lesson.ipynb"]
    assert not (tmp_path / "got").exists()


def test_git_alone_would_ask(room: Classroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classroom, "_repositories", lambda self: iter(()))
    commit_twice(room)
    assert (tmp_path / "got").exists()
