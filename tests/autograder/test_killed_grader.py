"""`kill -9` at moments of a long run of `course grade --source`: all are graded in the end, as if nothing had been.

The moments are drawn; another BREAKWATER_SEED draws others.
"""

import json
import os
import random
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.autograder.room import Room
from tests.autograder.sources import RIGHT
from tests.waiting import until

pytestmark = pytest.mark.sandbox

SEED = os.environ.get("BREAKWATER_SEED", "a grader's deaths")
# Fewer of all, unless everything is asked for.
SUBMISSIONS, DEATHS, JOBS = (100, 20, range(1, 11)) if os.environ.get("BREAKWATER_FULL") == "1" else (24, 5, (1, 7))
ANSWERS = (
    RIGHT,
    RIGHT | {"total": "def total(numbers):\n    return 3"},
    RIGHT | {"double": "def double(number):\n    return 2 * max(number, 2)", "why": "A guess."},
    {"total": "import os\nos._exit(1)"},
    {},
)


def hand_in(root: Path) -> Room:
    room = Room(root)
    for number in range(SUBMISSIONS):
        room.hand_in(f"student-{number:02}", ANSWERS[number % len(ANSWERS)])
    return room


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Room, dict[str, Any], float]:
    """A class that was graded in one go, what was said, and the seconds for a submission."""
    room = hand_in(tmp_path_factory.mktemp("undisturbed"))
    said = room.grade("--jobs", "2")
    return room, said, sum(row["seconds"] for row in said.values()) / SUBMISSIONS / 2


def told(said: dict[str, Any]) -> Any:
    """What was reported, without how it came about."""
    return {s: {k: v for k, v in row.items() if k not in ("seconds", "resumed")} for s, row in said.items()}


def graded(room: Room) -> dict[str, list[Any]]:
    """Student → the cells of the graded notebook, with what they showed."""
    found = {}
    for file in sorted((room.root / "autograded").glob("*/ps1/sums.ipynb")):
        cells = json.loads(file.read_text())["cells"]
        found[file.parts[-3]] = [(cell["source"], cell.get("outputs")) for cell in cells]
    return found


def test_a_grader_that_is_killed_again_and_again_comes_to_the_same(
    undisturbed: tuple[Room, dict[str, Any], float], tmp_path: Path
) -> None:
    once, said, each_s = undisturbed
    room, draw = hand_in(tmp_path / "killed"), random.Random(SEED)
    records = room.root / "judged" / "ps1" / "sums"
    for done in sorted(draw.sample(range(SUBMISSIONS - 1), DEATHS)):
        process = subprocess.Popen(room.command("--jobs", "2"), stdout=subprocess.DEVNULL)
        until(lambda done=done: len(list(records.glob("*.json"))) >= done, 120, f"{done} graded; seed {SEED!r}")
        time.sleep(draw.random() * each_s)
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        until(lambda family=family: not any(map(_is_alive, family)), what="nothing runs on without the grader")
    again = room.grade("--jobs", "2")
    assert any(row["resumed"] for row in again.values())
    assert told(again) == told(said)
    assert room.scores() == once.scores()
    assert graded(room) == graded(once)


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_how_many_are_graded_at_a_time_changes_nothing(
    undisturbed: tuple[Room, dict[str, Any], float], tmp_path: Path
) -> None:
    once, said, _ = undisturbed
    for jobs in map(str, JOBS):
        room = hand_in(tmp_path / jobs)
        assert told(room.grade("--jobs", jobs)) == told(said)
        assert room.scores() == once.scores()
        assert graded(room) == graded(once)
