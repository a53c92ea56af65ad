"""`work/`: nothing that a learner did is ever lost, and a kill at any moment is repaired."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from breakwater import paths, workspace
from breakwater.errors import BadInput


def git(*arguments: str) -> str:
    command = ["git", "-C", str(paths.work()), "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def orders() -> Path:
    return paths.work() / "shop" / "orders" / "app.py"


def test_ensure_makes_a_repository_with_the_naive_shop(course: Path) -> None:
    work = workspace.ensure()
    assert orders().read_text() == "WAIT_S = None\n"
    assert git("log", "--format=%an <%ae> %s") == "course <course@localhost> Take the naive shop\n"
    assert git("status", "--porcelain") == ""
    assert [p.name for p in course.iterdir() if p.name.startswith(".")] == []
    assert workspace.ensure() == work


def test_ensure_leaves_what_is_there(course: Path) -> None:
    notes = paths.work() / "notes.md"
    notes.parent.mkdir()
    notes.write_text("mine")
    workspace.ensure()
    assert notes.read_text() == "mine"
    shutil.rmtree(paths.work() / "shop")
    workspace.ensure()
    assert orders().exists()


def test_a_file_in_the_place_of_work_is_told(course: Path) -> None:
    paths.work().write_text("")
    with pytest.raises(BadInput, match="is a file, and the course keeps your work in a folder of that name"):
        workspace.ensure()


def test_start_hands_out_and_never_overwrites(course: Path) -> None:
    done = workspace.start("9")
    assert (done.branch, done.new_files) == ("main", ("09-resilience/lesson.ipynb",))
    lesson = paths.work() / "09-resilience" / "lesson.ipynb"
    lesson.write_text("my answers")
    (course / "modules/09-resilience/second.ipynb").write_text("{}")
    (course / "labs/09-resilience/README.md").write_text("# The guide, corrected\n")
    assert workspace.start("9").new_files == ("09-resilience/second.ipynb",)
    assert lesson.read_text() == "my answers"
    assert (lesson.parent / "guide.md").read_text() == "# The guide, corrected\n"
    assert git("status", "--porcelain") == ""


def test_another_base_is_a_branch_and_ones_own_shop_comes_back(course: Path) -> None:
    workspace.start("9")
    orders().write_text("WAIT_S = 'mine'\n")
    assert workspace.start("9", "reference").branch == "09-resilience-reference"
    assert orders().read_text() == "WAIT_S = 2\n"
    assert workspace.start("9", "naive").branch == "09-resilience-naive"
    assert orders().read_text() == "WAIT_S = None\n"
    orders().write_text("WAIT_S = 'on the branch'\n")
    assert workspace.start("9").branch == "main"
    assert orders().read_text() == "WAIT_S = 'mine'\n"
    workspace.start("9", "naive")
    assert orders().read_text() == "WAIT_S = 'on the branch'\n"


def test_a_branch_of_the_learners_own_is_not_left(course: Path) -> None:
    workspace.start("9")
    git("checkout", "--quiet", "-b", "experiment")
    assert workspace.start("9").branch == "experiment"


def test_without_the_reference_the_base_is_refused(course: Path) -> None:
    shutil.rmtree(course / "solutions")
    with pytest.raises(BadInput, match="The reference of 09-resilience is not in this copy"):
        workspace.start("9", "reference")
    assert workspace.start("9", "naive").branch == "09-resilience-naive"


def test_diff_shows_the_labs_folders_since_the_start(course: Path) -> None:
    workspace.start("9")
    assert workspace.diff("9") == ""
    orders().write_text("WAIT_S = 1\n")
    (orders().parent / "new.py").write_text("new\n")
    (paths.work() / "shop/gateway/app.py").write_text("elsewhere\n")
    patch = workspace.diff("9")
    assert "-WAIT_S = None\n+WAIT_S = 1\n" in patch
    assert "+++ b/shop/orders/new.py" in patch
    assert "elsewhere" not in patch
    assert git("diff", "--cached", "--stat") == "", "the learner's staging area is as it was"


def test_diff_without_a_start_is_against_the_naive_shop(course: Path) -> None:
    workspace.ensure()
    orders().write_text("WAIT_S = 1\n")
    assert "+WAIT_S = 1" in workspace.diff("9")


def test_reset_goes_back_to_the_start_and_keeps_what_was_there(course: Path) -> None:
    workspace.ensure()
    orders().write_text("WAIT_S = 'from an earlier lab'\n")
    workspace.start("9")
    orders().write_text("WAIT_S = 'this lab'\n")
    (orders().parent / "new.py").write_text("new\n")
    gateway = paths.work() / "shop/gateway/app.py"
    gateway.write_text("elsewhere\n")
    done = workspace.reset("9")
    assert orders().read_text() == "WAIT_S = 'from an earlier lab'\n"
    assert not (orders().parent / "new.py").exists()
    assert gateway.read_text() == "elsewhere\n"
    git("checkout", done.kept_as, "--", *done.folders)
    assert orders().read_text() == "WAIT_S = 'this lab'\n"
    assert (orders().parent / "new.py").exists()


def test_a_hostile_git_configuration_takes_no_part(course: Path, tmp_path: Path) -> None:
    config = (
        "[commit]\ngpgsign = true\n[core]\nhooksPath = /nonexistent\nautocrlf = true\n[user]\nuseConfigOnly = true\n"
    )
    (tmp_path / ".gitconfig").write_text(config)
    workspace.start("9")
    assert orders().read_bytes() == b"WAIT_S = None\n"


def test_edits_in_place_are_told_in_a_clone(course: Path) -> None:
    assert workspace.edited_in_place() == []
    for arguments in (
        ["init", "-q"],
        ["add", "labs"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", str(course), *arguments], check=True)
    (course / "labs/boxoffice/orders/app.py").write_text("edited")
    assert workspace.edited_in_place() == ["labs/boxoffice/orders/app.py"]


# A kill at any moment


def test_what_a_killed_command_left_beside_is_cleared(course: Path) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    left = course / f".work-{process.pid}"
    (left / "work" / "shop").mkdir(parents=True)
    workspace.ensure()
    assert not left.exists()


def test_a_lock_that_a_killed_git_left_is_cleared(course: Path) -> None:
    work = workspace.ensure()
    (work / ".git" / "course.lock").write_text("commit")
    (work / ".git" / "index.lock").touch()
    workspace.start("9")
    assert git("log", "-1", "--format=%s") == "Start 09-resilience\n"


def test_a_checkout_that_was_killed_is_finished(course: Path) -> None:
    workspace.start("9")
    workspace.start("9", "reference")
    workspace.start("9")
    (paths.work() / ".git" / "course.lock").write_text("checkout 09-resilience-reference")
    orders().write_text("half")
    workspace.start("9")
    assert orders().read_text() == "WAIT_S = None\n"


@pytest.mark.parametrize(
    "moment",
    [
        lambda root: any(root.glob(".work-*")),
        lambda root: any(root.glob(".work-*/work/.git/HEAD")),
        lambda root: (root / "work/.git/index.lock").exists(),
        lambda root: (root / "work/09-resilience").exists(),
    ],
    ids=["while copying", "while making the repository", "while committing", "while handing out"],
)
def test_kill_nine_then_the_same_again(course: Path, moment: Callable[[Path], bool]) -> None:
    code = f"from breakwater import paths, workspace; from pathlib import Path; r = Path({str(course)!r})\n"
    code += "paths.ROOT, paths.COURSE_TOML, paths.LABS, paths.MODULES = r, r/'course.toml', r/'labs', r/'modules'\n"
    code += "paths.BOXOFFICE = r/'labs/boxoffice'\nworkspace.start('9')\n"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    while process.poll() is None and not moment(course):
        pass
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    workspace.start("9")
    assert orders().read_text() == "WAIT_S = None\n"
    assert (paths.work() / "09-resilience" / "lesson.ipynb").exists()
    assert git("status", "--porcelain") == ""
    git("fsck", "--no-dangling")
    assert not list(course.glob(".work-*"))


def test_two_commands_at_once_make_one_work(course: Path) -> None:
    code = f"from breakwater import paths, workspace; from pathlib import Path; r = Path({str(course)!r})\n"
    code += "paths.BOXOFFICE = r/'labs/boxoffice'\nworkspace.ensure()\n"
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in both] == [0, 0, 0]
    assert git("log", "--format=%s") == "Take the naive shop\n"
