"""How long from saving a file to the verdict, as a learner sees it, beside a `course check` begun at that moment.

One run measures both in turn, on the naive shop, which fails, and on the module's reference, which passes:
    one    the check alone that is asked for (`course watch NN -k ID`): until its verdict is on the screen
    all    all public checks (`course watch NN`): until the last verdict; `first` of them, until the first one
    check  the same, with `course check` typed in place of saving a file

    python -m bench.feedback --module 09 --rounds 3 --json

JSON: `module`, `processors`, `rounds`; `load_before`, `load_after` (of the machine, over one minute); `checks`: by id,
and by shop (`naive`, `reference`), the medians `watch_s` and `check_s` and `itself_s`, which the check takes by its own
account; `all`: by shop, the medians `first_s`, `last_s` and `check_s`; `one`: of the check that the module's guide runs
as its example (`--check`), the slower shop's `watch_s`, with `must_s`, `aim_s`, `over_must_s`, `over_aim_s` (negative:
so far inside); over all checks and shops `median_s`, `least_s`, `most_s`, and `beside_s`, the median of what is not the
check itself; `whole`: the same limits, of the slower shop's `last_s`.

A check takes as long as what it is about: books have five seconds to balance, three hundred purchases have to come.
What `course watch` can be blamed for is what it takes beside that.
The exit status is 0 whatever the figures are.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

from breakwater import syllabus

COURSE = str(Path(sysconfig.get_path("scripts"), "course"))
EDITED = (Path("orders", "app", "main.py"), Path("visitors", "locustfile.py"))  # so that every check is touched
MUST_ONE_S, AIM_ONE_S = 5.0, 3.0
MUST_ALL_S, AIM_ALL_S = 40.0, 20.0
VERDICTS = ("✓", "✗", "?")
WAITS = "Waiting for a file"
AT_MOST_S = 300.0


class Learner:
    """One learner's folders, with a shop to begin with."""

    def __init__(self, folder: Path, module: str, base: str) -> None:
        self._module, self.base = module, base
        self._work = folder / f"work-{base}"
        places = {"BREAKWATER_WORK": str(self._work), "BREAKWATER_STATE": str(folder)}
        self._environment = os.environ | places | {"COLUMNS": "200"}
        self._run("start", module, "--base", base)

    def check(self, *select: str) -> tuple[float, dict[str, float]]:
        """Type `course check`; return the seconds that it took, and those of each check by its own account."""
        begun = time.perf_counter()
        report = json.loads(self._run("check", self._module, "--json", *_options(select)))
        took_s = time.perf_counter() - begun
        return took_s, {check["id"]: check["seconds"] for check in report["checks"] if check["max_points"]}

    @contextmanager
    def watch(self, *select: str) -> Iterator["Watch"]:
        """A `course watch` that waits for a file to be saved."""
        command = [COURSE, "watch", self._module, *_options(select)]
        process = subprocess.Popen(
            command, env=self._environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            watch = Watch(process, self._work / "shop")
            watch.until_it_waits()
            yield watch
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(AT_MOST_S)

    def _run(self, *words: str) -> str:
        return subprocess.run([COURSE, *words], env=self._environment, capture_output=True, text=True).stdout


class Watch:
    """What a `course watch` says, line by line, and when."""

    def __init__(self, process: "subprocess.Popen[str]", shop: Path) -> None:
        self._shop = shop
        self._lines: Queue[tuple[float, str]] = Queue()
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()

    def save(self) -> list[float]:
        """Save files; return after how many seconds each verdict was there, that on the shop's start left out."""
        begun = time.perf_counter()
        for file in (self._shop / name for name in EDITED):
            file.write_text(file.read_text() + f"# {time.time_ns()}\n")
        return [at - begun for at, line in self.until_it_waits() if line.startswith(VERDICTS)][1:]

    def until_it_waits(self) -> list[tuple[float, str]]:
        said = [self._lines.get(timeout=AT_MOST_S)]
        while not said[-1][1].startswith(WAITS):
            said.append(self._lines.get(timeout=AT_MOST_S))
        return said

    def _read(self, pipe: Any) -> None:
        for line in pipe:
            self._lines.put((time.perf_counter(), line))


def measure_one(learner: Learner, check: str, rounds: int) -> dict[str, float]:
    watched, typed, itself = [], [], []
    with learner.watch(check) as watch:
        for _ in range(rounds):
            watched.append(watch.save()[-1])
            took_s, own = learner.check(check)
            typed.append(took_s)
            itself.append(own[check])
    return _medians(watch_s=watched, check_s=typed, itself_s=itself)


def measure_all(learner: Learner, rounds: int) -> dict[str, float]:
    first, last, typed = [], [], []
    for _ in range(rounds):
        with learner.watch() as watch:
            verdicts = watch.save()
        first.append(verdicts[0])
        last.append(verdicts[-1])
        typed.append(learner.check()[0])
    return _medians(first_s=first, last_s=last, check_s=typed)


def measure(module: str, rounds: int, example: str) -> dict[str, Any]:
    data: dict[str, Any] = {"module": module, "processors": os.cpu_count(), "rounds": rounds}
    data["load_before"] = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bw-") as folder:
        learners = [Learner(Path(folder), module, base) for base in ("naive", "reference")]
        data["all"] = {learner.base: measure_all(learner, rounds) for learner in learners}
        ids = list(learners[0].check()[1])
        if example not in ids:
            sys.exit(f"bench.feedback: {module} has no check `{example}`; there are: {', '.join(ids)}")
        data["checks"] = {name: {each.base: measure_one(each, name, rounds) for each in learners} for name in ids}
    data["load_after"] = os.getloadavg()[0]
    ones = [row for by_shop in data["checks"].values() for row in by_shop.values()]
    watched = [row["watch_s"] for row in ones]
    beside_s = statistics.median(row["watch_s"] - row["itself_s"] for row in ones)
    data["one"] = _limits(max(row["watch_s"] for row in data["checks"][example].values()), MUST_ONE_S, AIM_ONE_S) | {
        "check": example,
        "median_s": round(statistics.median(watched), 2),
        "least_s": min(watched),
        "most_s": max(watched),
        "beside_s": round(beside_s, 2),
    }
    data["whole"] = _limits(max(row["last_s"] for row in data["all"].values()), MUST_ALL_S, AIM_ALL_S)
    return data


def show(data: dict[str, Any]) -> None:
    print(f"{'':18} {'shop':10} {'saved':>7} {'typed':>7} {'itself':>7}   seconds to the verdict (medians)")
    for name, by_shop in data["checks"].items():
        for shop, row in by_shop.items():
            print(f"{name:18} {shop:10} {row['watch_s']:7.1f} {row['check_s']:7.1f} {row['itself_s']:7.1f}")
    for shop, row in data["all"].items():
        told = f"{row['last_s']:7.1f} {row['check_s']:7.1f}"
        print(f"{'all public checks':18} {shop:10} {told} {'':7}   the first verdict after {row['first_s']:.1f} s")
    one, whole = data["one"], data["whole"]
    print(f"\none check, {one['check']}: {_said(one)}")
    print(f"all of them: {one['median_s']:.1f} s in the middle ({one['least_s']:.1f} to {one['most_s']:.1f})")
    print(f"  the check itself sets the floor: beside it there are {one['beside_s']:.1f} s (a fresh shop, the judge)")
    print(f"all of module {data['module']}: {_said(whole)}")
    print(f"load of the machine: {data['load_before']:.1f} before, {data['load_after']:.1f} after")


def _said(limits: dict[str, float]) -> str:
    words = (
        f"{abs(limits[f'over_{name}_s']):.1f} s {'over' if limits[f'over_{name}_s'] > 0 else 'inside'}"
        for name in ("must", "aim")
    )
    return f"must {limits['must_s']:g} s: {next(words)}; aim {limits['aim_s']:g} s: {next(words)}"


def _limits(took_s: float, must_s: float, aim_s: float) -> dict[str, float]:
    over = {"over_must_s": round(took_s - must_s, 2), "over_aim_s": round(took_s - aim_s, 2)}
    return {"must_s": must_s, "aim_s": aim_s, **over}


def _medians(**rows: list[float]) -> dict[str, float]:
    return {name: round(statistics.median(row), 2) for name, row in rows.items()}


def _options(select: tuple[str, ...]) -> list[str]:
    return [word for name in select for word in ("-k", name)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds from saving a file to the verdict.")
    parser.add_argument("--module", default="09", help="the module whose checks run")
    parser.add_argument("--check", default="slow-payment", help="the check that stands for one check")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    parser.add_argument("--json", action="store_true", help="report as JSON")
    given = parser.parse_args()
    if given.rounds < 1:
        sys.exit("bench.feedback: --rounds is 1 or more")
    data = measure(syllabus.load().find_built(given.module).id, given.rounds, given.check)
    if given.json:
        print(json.dumps(data, indent=2))
    else:
        show(data)


if __name__ == "__main__":
    main()
