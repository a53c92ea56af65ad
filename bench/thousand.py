"""A thousand submissions in one command: how long that takes, and whether memory stays flat.

They are of the assignment of 8 questions of plain Python that `bench.grading` has, and graded by `course grade
--source`, one a processor at a time. Then `course report` writes the instructor's page, and a browser opens it.

    python -m bench.thousand --json --plot build/thousand.svg

JSON: `submissions`, `processors`, `load_before`, `load_after` (of the machine, over one minute); `wall_s`, `cpu_s` and
`each_wall_s` of grading; `memory_mb`, of the grader with all that it started, each shared page counted once: `early`
and `late`, the medians while the second and the last tenth of the submissions were graded, and `peak`; `own_early` and
`own_late`, the same of what nobody but the grader itself has; `growth_kb`, by how much a submission more made that grow
in between; `report`: `write_s`, how long the command took, `page_kb`, and `opens_s`, from asking a browser for the page
to the end of its loading, the median of several; or, in place of these, `why` there is no figure. The exit status is 0
whatever the figures are.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from bench import _browser
from bench._assignments import NAME, NOTEBOOK, PLAIN, lay_nbgrader
from bench._commands import COURSE, Cost, Unmeasured, grade_command, run
from bench._meter import Sample, mib
from breakwater.engines.forkserver import PR_SET_CHILD_SUBREAPER, prctl

SAMPLE_EVERY_S = 0.5
OPENED = 5
EARLY, LATE = (0.1, 0.2), (0.9, 1.0)  # of the submissions


def measure(submissions: int, plot: Path | None) -> dict[str, Any]:
    """Grade so many submissions; return the figures, and draw the memory if asked to."""
    data: dict[str, Any] = {"submissions": submissions, "processors": os.cpu_count(), "load_before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory(prefix="bench-thousand-") as name:
        folder = Path(name)
        source = lay_nbgrader(PLAIN, folder, submissions)
        command, judged = grade_command(source, folder), folder / "judged" / NAME / NOTEBOOK
        done = partial(_entries, judged)
        cost = run(command, folder, submissions, sample_every_s=SAMPLE_EVERY_S, done=done)
        data |= figures(cost) | {"report": _report(folder)}
    if plot:
        draw(cost, plot)
    return data | {"load_after": os.getloadavg()[0]}


def _entries(folder: Path) -> int:
    return len(os.listdir(folder)) if folder.exists() else 0


def figures(cost: Cost) -> dict[str, Any]:
    """What grading took."""
    early, late = (_between(cost, part) for part in (EARLY, LATE))
    own_early, own_late = (statistics.median(each.own for each in part) for part in (early, late))
    memory = {
        "early": statistics.median(each.tree for each in early),
        "late": statistics.median(each.tree for each in late),
        "peak": cost.memory.peak,
        "own_early": own_early,
        "own_late": own_late,
    }
    return {
        "wall_s": round(cost.wall_s, 1),
        "cpu_s": round(cost.cpu_s, 1),
        "each_wall_s": round(cost.wall_s / cost.submissions, 4),
        "memory_mb": {name: mib(int(size)) for name, size in memory.items()},
        "growth_kb": round((own_late - own_early) / 1024 / (cost.submissions * (LATE[0] - EARLY[0])), 1),
    }


def _between(cost: Cost, part: tuple[float, float]) -> list[Sample]:
    found = [each for each in cost.memory.samples if part[0] <= each.done / cost.submissions <= part[1]]
    if not found:
        raise Unmeasured("the run was over before its memory was looked at; grade more submissions")
    return found


def _report(folder: Path) -> dict[str, Any]:
    command: list[str | Path] = [*COURSE, "report", "--gradebook", folder / "gradebook.db", "--assignment", NAME]
    page = folder / "report" / NAME / "index.html"
    try:
        took = run(command, folder, 1)
        return {
            "write_s": round(took.wall_s, 2),
            "page_kb": round(page.stat().st_size / 1024, 1),
            "opens_s": round(_opens_s(page), 3),
        }
    except Unmeasured as error:
        return {"why": str(error)}


def _opens_s(page: Path) -> float:
    """Seconds until a browser that runs has loaded a page; each time in a profile of its own."""
    program = _browser.find()
    if program is None:
        raise Unmeasured(f"none of {', '.join(_browser.PROGRAMS)} is installed")
    from playwright.sync_api import sync_playwright

    took = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*_browser.FLAGS])
        for _ in range(OPENED):
            tab = browser.new_context().new_page()
            began = time.perf_counter()
            tab.goto(page.as_uri(), wait_until="load")
            tab.locator("h1").wait_for()
            took.append(time.perf_counter() - began)
            tab.context.close()
        browser.close()
    return statistics.median(took)


def draw(cost: Cost, file: Path) -> None:
    """Draw memory over the run, as the kind of file that its name says."""
    import matplotlib

    from breakwater import pictures

    figure, axes = pictures.axes(height_in=3.2)
    times = [each.at_s for each in cost.memory.samples]
    for label, colour, sizes in (
        (
            "the grader with all that it started, shared pages once",
            pictures.BUYER,
            [each.tree for each in cost.memory.samples],
        ),
        ("the grader's own", pictures.PAGE, [each.own for each in cost.memory.samples]),
    ):
        axes.plot(times, [mib(size) for size in sizes], color=colour, lw=1.5, label=label)
    axes.set(
        title=f"{cost.submissions:,} submissions, {os.cpu_count()} processors",
        xlabel="seconds since the command was started",
        ylabel="memory, MiB",
        xlim=(0, None),
        ylim=(0, None),
    )
    axes.legend(loc="lower center", ncols=2, frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(pictures._STYLE):
        figure.savefig(file, dpi=150)


def show(data: dict[str, Any]) -> None:
    memory, page = data["memory_mb"], data["report"]
    print(f"{data['submissions']} submissions: {data['wall_s']:g} s, {data['cpu_s']:g} s of processor time")
    print(
        f"memory: {memory['early']:g} MiB early, {memory['late']:g} late, {memory['peak']:g} at most; "
        f""
        f"the grader's own grows by {data['growth_kb']:g} KiB a submission"
    )
    if "why" in page:
        print(f"report: {page['why']}")
    else:
        print(f"report: {page['page_kb']:g} KiB, written in {page['write_s']:g} s, opens in {page['opens_s']:g} s")


def main() -> None:
    parser = argparse.ArgumentParser(description="How a thousand submissions are graded in one command.")
    parser.add_argument("--submissions", type=int, default=1000, help="how many")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw memory over the run")
    parser.add_argument("--json", action="store_true", help="report as JSON")
    given = parser.parse_args()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        data = measure(given.submissions, given.plot)
    except Unmeasured as error:
        sys.exit(f"bench.thousand: {error}")
    if given.json:
        print(json.dumps(data, indent=2))
    else:
        show(data)


if __name__ == "__main__":
    main()
