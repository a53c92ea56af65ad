"""What grading one more notebook costs, beside the graders that people would use instead.

One run grades the same submissions of two assignments of 8 questions and 17 code cells, one of plain Python and one
with NumPy and pandas:
    nbgrader   `nbgrader autograde`, one command for all, in its stock configuration: no sandbox
    course     `course grade --source`, one submission a processor, in the sandbox
    otter      `otter run`, a command a submission, in a throw-away venv of its own: no sandbox

Of the first two a few and many are graded, each by a fresh command into a fresh gradebook: what a submission costs is
the difference by the difference in number, and what is left of the few is the start. Of the last, each command is one.

    python -m bench.grading --json

JSON: `processors`, `load_before`, `load_after` (of the machine, over one minute); `assignments`: by name, `graders`: by
name, `submissions` (how many), `each_wall_s`, `each_cpu_s`, `start_wall_s`, `start_cpu_s`, `peak_memory_mb`, `runs`
(wall and processor seconds of each command), or, instead of all these, `why` there is no figure; `agree`: whether ours
and nbgrader gave the same points to all that both graded; `ratio_to_nbgrader`: `wall` and `cpu`, how many times
nbgrader's cost of a submission is ours; `one_notebook` (see `_latency`): `notebooks`, how many were graded one after
another by a judge that is warm, `median_ms` and `p95_ms` of what grading one took beyond the notebook's own time,
`own_ms`, the median of that, and `cold_start_s`, from the start of `course grade` to its first grade; `floor_ms`: what
one submission's milliseconds are made of, largest first (wall; one at a time); `lab` (see `_lab`): of one submitted
shop, `wall_s`, `checks_s`, `overhead_s`, and `start_s`, the part of that which its start takes. The exit status is 0
whatever the figures are.
"""

import argparse
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench._assignments import DATA, NAME, PLAIN, Assignment, lay_nbgrader, lay_otter
from bench._commands import Cost, Unmeasured, grade_command, run
from bench._floor import floor
from bench._lab import lab
from bench._latency import latency
from bench._meter import mib
from breakwater.engines.forkserver import PR_SET_CHILD_SUBREAPER, prctl

OTTER = ("otter-grader==7.0.0", "ipykernel", "numpy", "pandas")
POINTS = """
    SELECT s.student_id, sum(g.auto_score) FROM grade g JOIN submitted_notebook n ON n.id = g.notebook_id
    JOIN submitted_assignment s ON s.id = n.assignment_id GROUP BY s.student_id"""


@dataclass(frozen=True)
class Numbers:
    """How many submissions each grader is given."""

    nbgrader: tuple[int, int]
    course: tuple[int, int]
    otter: int
    one: int


def by_nbgrader(assignment: Assignment, folder: Path, submissions: int) -> Cost:
    lay_nbgrader(assignment, folder, submissions)
    words = [sys.executable, "-m", "nbgrader"]
    run([*words, "generate_assignment", NAME], folder, 0)
    return run([*words, "autograde", NAME], folder, submissions)


def by_course(assignment: Assignment, folder: Path, submissions: int) -> Cost:
    source = lay_nbgrader(assignment, folder, submissions)
    return run(grade_command(source, folder, "--json"), folder, submissions)


def by_otter(assignment: Assignment, folder: Path, submissions: int, otter: Path) -> list[Cost]:
    master, handed_in = lay_otter(assignment, folder, submissions)
    run([otter, "assign", master, folder / "dist"], folder, 0)
    [autograder] = (folder / "dist" / "autograder").glob("*.zip")
    return [run([otter, "run", "--autograder", autograder, file], folder, 1) for file in handed_in]


def install_otter(folder: Path) -> Path:
    """Install otter into a venv below `folder`; return its command. Raises Unmeasured."""
    venv = folder / "venv"
    run([sys.executable, "-m", "venv", venv], folder, 0)
    run([venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *OTTER], folder, 0)
    return venv / "bin" / "otter"


def two(grade: Callable[[Assignment, Path, int], Cost], assignment: Assignment, at: Path, of: tuple[int, int]) -> Any:
    """The figures of a grader that takes a whole class, from a run over a few and one over many."""
    few, many = (grade(assignment, _fresh(at / str(number)), number) for number in of)
    more = many.submissions - few.submissions
    each_wall_s, each_cpu_s = (many.wall_s - few.wall_s) / more, (many.cpu_s - few.cpu_s) / more
    return {
        "submissions": list(of),
        "each_wall_s": round(each_wall_s, 4),
        "each_cpu_s": round(each_cpu_s, 4),
        "start_wall_s": round(few.wall_s - few.submissions * each_wall_s, 2),
        "start_cpu_s": round(few.cpu_s - few.submissions * each_cpu_s, 2),
        "peak_memory_mb": mib(max(few.memory.peak, many.memory.peak)),
        "runs": [_shown(few), _shown(many)],
    }


def single(costs: list[Cost]) -> dict[str, Any]:
    """The figures of a grader that takes one submission a command."""
    return {
        "submissions": [len(costs)],
        "each_wall_s": round(sum(cost.wall_s for cost in costs) / len(costs), 2),
        "each_cpu_s": round(sum(cost.cpu_s for cost in costs) / len(costs), 2),
        "start_wall_s": 0.0,
        "start_cpu_s": 0.0,
        "peak_memory_mb": mib(max(cost.memory.peak for cost in costs)),
        "runs": [_shown(cost) for cost in costs],
    }


def _shown(cost: Cost) -> dict[str, float]:
    return {"submissions": cost.submissions, "wall_s": round(cost.wall_s, 2), "cpu_s": round(cost.cpu_s, 2)}


def _fresh(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def measure_one(assignment: Assignment, numbers: Numbers, folder: Path) -> dict[str, Any]:
    """All figures of one assignment."""
    ways: dict[str, Callable[[], Any]] = {
        "nbgrader": lambda: two(by_nbgrader, assignment, folder / "nbgrader", numbers.nbgrader),
        "course": lambda: two(by_course, assignment, folder / "course", numbers.course),
        "otter": lambda: single(
            by_otter(assignment, _fresh(folder / "otter"), numbers.otter, install_otter(_fresh(folder / "venv")))
        ),
    }
    graders = {}
    for name, way in ways.items() if numbers.otter else list(ways.items())[:2]:
        try:
            graders[name] = way()
        except Unmeasured as error:
            graders[name] = {"why": str(error)}
    return {
        "graders": graders,
        "agree": _agree(folder, numbers),
        "ratio_to_nbgrader": _ratio(graders),
        "one_notebook": latency(assignment, _fresh(folder / "one"), numbers.one),
        "floor_ms": floor(assignment, _fresh(folder / "floor")),
    }


def _agree(folder: Path, numbers: Numbers) -> bool:
    theirs, ours = (
        _points(folder / name / str(of[1]) / "gradebook.db")
        for name, of in (("nbgrader", numbers.nbgrader), ("course", numbers.course))
    )
    both = theirs.keys() & ours.keys()
    return bool(both) and all(theirs[student] == ours[student] for student in both)


def _points(gradebook: Path) -> dict[str, float]:
    if not gradebook.exists():
        return {}
    with sqlite3.connect(gradebook) as database:
        return dict(database.execute(POINTS).fetchall())


def _ratio(graders: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    if any("why" in graders[name] for name in ("nbgrader", "course")):
        return {}
    keys = {"wall": "each_wall_s", "cpu": "each_cpu_s"}
    return {name: round(graders["nbgrader"][key] / graders["course"][key], 1) for name, key in keys.items()}


def measure(numbers: Numbers, assignments: Sequence[Assignment]) -> dict[str, Any]:
    data: dict[str, Any] = {"processors": os.cpu_count(), "load_before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory(prefix="bench-grading-") as folder:
        data["assignments"] = {each.name: measure_one(each, numbers, Path(folder, each.name)) for each in assignments}
        data["lab"] = lab(Path(folder))
    return data | {"load_after": os.getloadavg()[0]}


def show(data: dict[str, Any]) -> None:
    for name, found in data["assignments"].items():
        print(f"{name:10} {'wall':>9} {'cpu':>9} {'start':>9} {'memory':>9}   seconds a submission; MiB at most")
        for grader, row in found["graders"].items():
            if "why" in row:
                print(f"  {grader:8} {row['why']}")
                continue
            told = f"{row['each_wall_s']:9.3f} {row['each_cpu_s']:9.3f} {row['start_wall_s']:9.1f}"
            print(f"  {grader:8} {told} {row['peak_memory_mb']:9.0f}")
        ratio = found["ratio_to_nbgrader"]
        if ratio:
            print(
                f"  nbgrader's is {ratio['cpu']:g} times ours in processor time, {ratio['wall']:g} times in wall time"
            )
        one = found["one_notebook"]
        told = f"{one['median_ms']:.0f} ms, and {one['p95_ms']:.0f} at most for 95 of 100 of {one['notebooks']}"
        print(f"  one notebook, the judge warm: {told}; the first of a command: {one['cold_start_s']:.1f} s")
        print(f"  both give the same points: {'yes' if found['agree'] else 'no'}")
        (first, most), *_ = found["floor_ms"].items()
        parts = ", ".join(f"{part} {ms:.1f}" for part, ms in found["floor_ms"].items())
        print(f"  {first} sets the floor, with {most:.1f} of {sum(found['floor_ms'].values()):.1f} ms: {parts}")
    shop = data["lab"]
    beyond = f"{shop['overhead_s']:.1f} s beyond its checks' {shop['checks_s']:.0f} s, {shop['start_s']:.1f} of them"
    print(f"one submitted shop: {beyond} for its start")


def main() -> None:
    parser = argparse.ArgumentParser(description="What grading one more notebook costs.")
    parser.add_argument("--nbgrader", type=int, nargs=2, default=(10, 40), help="few and many, for nbgrader")
    parser.add_argument("--course", type=int, nargs=2, default=(40, 400), help="few and many, for ours")
    parser.add_argument("--otter", type=int, default=3, help="how many for otter; 0 leaves it out")
    parser.add_argument("--one", type=int, default=200, help="how many for ours, one at a time")
    parser.add_argument("--assignment", choices=("plain", "data"), help="this one alone")
    parser.add_argument("--json", action="store_true", help="report as JSON")
    given = parser.parse_args()
    numbers = Numbers(tuple(given.nbgrader), tuple(given.course), given.otter, given.one)
    if any(few >= many or few < 1 for few, many in (numbers.nbgrader, numbers.course)):
        sys.exit("bench.grading: of two numbers of submissions the first is the smaller, and 1 or more")
    chosen = [each for each in (PLAIN, DATA) if given.assignment in (None, each.name)]
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    data = measure(numbers, chosen)
    if given.json:
        print(json.dumps(data, indent=2))
    else:
        show(data)


if __name__ == "__main__":
    main()
