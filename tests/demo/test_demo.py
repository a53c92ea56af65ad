"""The demo tells the whole loop, touches nothing of the user's, and leaves nothing behind, even when it is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from breakwater import paths
from tests.waiting import until

COURSE = Path(sys.executable).parent / "course"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the demo keeps the state of its shops; short, because sockets lie there."""
    with tempfile.TemporaryDirectory(prefix="d-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def env(place: Path, tmp_path: Path) -> dict[str, str]:
    """A user whose own folders can be looked at afterwards."""
    own = {"BREAKWATER_WORK": str(tmp_path / "work"), "BREAKWATER_CLASS": str(tmp_path / "class")}
    return os.environ | own | {"BREAKWATER_STATE": str(place)}


def left(place: Path) -> list[str]:
    """Folders and processes of a demo that played there."""
    folders = [str(path) for path in place.iterdir()]
    lines = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists()]
    return folders + [line.decode(errors="replace") for line in lines if str(place).encode() in line]


@pytest.mark.shop
@pytest.mark.sandbox
def test_the_whole_loop(env: dict[str, str], place: Path, tmp_path: Path) -> None:
    plot, picture = tmp_path / "plot.png", tmp_path / "story.svg"
    command = [COURSE, "demo", "-k", "dead-catalog", "--json", "--plot", plot, "--picture", picture]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert {name: [check["verdict"] for check in found] for name, found in told["checks"].items()} == {
        "naive": ["failed"],
        "reference": ["passed"],
    }
    assert {row["student"]: row["points"] for row in told["graded"]} == {"ada": 2, "bob": 0, "cleo": 0}
    assert max(each["max_s"] for each in told["load"]["naive"]["waits"].values()) > 2, "some wait until the hang ends"
    assert plot.read_bytes().startswith(PNG)
    assert "hardened" in picture.read_text()
    assert "@font-face" not in picture.read_text()
    assert left(place) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["plot.png", "story.svg"], "nothing of the user's"


@pytest.mark.shop
def test_a_learner_is_shown_the_naive_shop_alone(env: dict[str, str], place: Path, tmp_path: Path) -> None:
    root = tmp_path / "course"
    for name in ("breakwater", "labs"):
        shutil.copytree(paths.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(paths.COURSE_TOML, root)
    code = "import sys; sys.modules['autograder'] = None; from breakwater.cli import main; main()"
    command = [sys.executable, "-c", code, "demo", "-k", "dead-catalog"]
    done = subprocess.run(command, cwd=root, env=env | {"PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "solutions/ is not in this copy" in done.stdout
    assert "was told 502" in " ".join(done.stdout.split())
    assert (root / "build" / "demo.png").read_bytes().startswith(PNG)
    assert left(place) == []


@pytest.mark.shop
@pytest.mark.parametrize(("how", "status"), [(signal.SIGKILL, -9), (signal.SIGTERM, -15), (signal.SIGINT, 130)])
def test_an_end_in_the_middle_leaves_nothing(env: dict[str, str], place: Path, how: int, status: int) -> None:
    process = subprocess.Popen([COURSE, "demo"], env=env, stdout=subprocess.DEVNULL)
    try:
        until(lambda: list(place.glob("bw-demo-*/breakwater-*/c-*/*/")), 60, "a shop begins to start")
        process.send_signal(how)
        assert process.wait(10) == status
    finally:
        process.kill()
    until(lambda: not left(place), 30, "all of it is gone")


def test_what_cannot_be_drawn_is_said_before_anything_runs(tmp_path: Path) -> None:
    for option in ("--plot", "--picture"):
        done = subprocess.run([COURSE, "demo", option, "x.txt"], cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
