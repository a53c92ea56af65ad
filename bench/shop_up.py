"""How long until a learner's shop is up, beside what people would run instead.

One run measures all ways in turn, round by round, so that whatever else the machine does falls on all of them:
    first         the very first start: no template of a PostgreSQL server is in the cache (once a run)
    cold          `up` after `down`: no supervisor and no fork server lives, the template is there
    warm_reset    what each check gets: all services forked anew, on databases as they were seeded
    warm_edit     `up` again, after a file of one service was saved
    plain_cold, plain_reset   the same with an interpreter started for each service
    command       the whole of `course shop up`, cold, as it is typed; `command_inside` is what it says that it took
    compose_cold, compose_edit   `docker compose up --wait` of the same description with its images built, and with
                  `--build` after the same edit; where no Docker daemon answers, it says why instead

    python -m bench.shop_up --rounds 7 --json

JSON: `rounds`; `processors`; `load_before`, `load_after` (of the machine, over one minute); `rows`: by name,
`median_s`, `least_s`, `most_s`, `seconds` (each round), `cpu_s` (median of the processor time of the shop's processes;
of `command`, of the command itself; null for Compose), `to_cold` (ratio of the medians), and where a limit is set
`must_s`, `aim_s`, `over_must_s` and `over_aim_s` (negative: so far inside), or, instead of all these, `why` there is
no figure; `moments`: seconds into a cold start (medians) at which something was seen from outside, in order;
`phases`: what these say that each phase took, by name; `services`: by name, the seconds from a
service's own start until it was healthy. The exit status is 0 whatever the figures are.
"""

import argparse
import json
import os
import resource
import signal
import statistics
import sys
import sysconfig
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench import _moments
from bench._plain_compose import NoCompose, PlainCompose, finished, plain_compose
from breakwater import workspace
from breakwater.engines import ShopSpec, description
from breakwater.engines.description import Kind
from breakwater.engines.embedded import EmbeddedEngine

LIMITS = {"cold": (3.0, 1.5), "warm_reset": (1.2, 0.6), "warm_edit": (1.2, 0.6)}
"""By row, what must be and what is aimed at, in seconds."""

EDITED = Path("orders", "app", "main.py")
COMPOSE = ("compose_cold", "compose_edit")
COURSE = str(Path(sysconfig.get_path("scripts"), "course"))


class Figures:
    """What was measured so far: seconds by row, processor time by row, and why a row is empty."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.cpu: dict[str, list[float]] = defaultdict(list)
        self.why: dict[str, str] = {}
        self.moments: dict[str, list[float]] = defaultdict(list)
        self.services: dict[str, list[float]] = defaultdict(list)

    def measure(self, row: str, call: Callable[[], Any], cpu: Callable[[], float] | None = None) -> Any:
        """Call, and add what it took to a row."""
        used, began = cpu() if cpu else 0.0, time.perf_counter()
        result = call()
        self.seconds[row].append(time.perf_counter() - began)
        if cpu:
            self.cpu[row].append(cpu() - used)
        return result


class Bench:
    """All ways to start one shop: the learner's own, in temporary folders that the environment names."""

    def __init__(self, folder: Path, compose: PlainCompose | None) -> None:
        self.figures = Figures()
        self._shop = workspace.ensure() / "shop"
        services = description.load(self._shop).of(Kind.CODE)
        self._needy = {service.name for service in services if "DATABASE_URL" in service.environment}
        self._folder = folder
        self._compose = compose

    def first(self) -> None:
        with self._engine("e") as engine:
            self.figures.measure("first", engine.up, cpu_below)

    def round(self) -> None:
        """Each way once."""
        self._embedded()
        self._plain()
        self._command()
        try:
            if self._compose:
                self._composed(self._compose)
        except NoCompose as trouble:
            self._compose = None
            self.figures.why = {name: str(trouble) for name in COMPOSE if name not in self.figures.seconds}

    def _embedded(self) -> None:
        with self._engine("e") as engine, _moments.seen(self._folder / "e", self._needy) as moments:
            services = self.figures.measure("cold", lambda: engine.up(moments.healthy), cpu_below)
            moments.over()
            self.figures.measure("warm_reset", engine.reset, cpu_below)
            self._edit()
            self.figures.measure("warm_edit", engine.up, cpu_below)
        for status in services:
            self.figures.services[status.name].append(status.seconds)
        for name, seconds in moments.found.items():
            self.figures.moments[name].append(seconds)

    def _plain(self) -> None:
        with setting("BREAKWATER_LAUNCHER", "plain"), self._engine("p") as engine:
            self.figures.measure("plain_cold", engine.up, cpu_below)
            self.figures.measure("plain_reset", engine.reset, cpu_below)

    def _command(self) -> None:
        try:
            said = self.figures.measure("command", lambda: course("shop", "up", "--json"), cpu_of_ended)
            self.figures.seconds["command_inside"].append(json.loads(said)["seconds"])
        finally:
            course("shop", "down")

    def _composed(self, compose: PlainCompose) -> None:
        try:
            self.figures.measure("compose_cold", compose.up)
            self._edit()
            self.figures.measure("compose_edit", lambda: compose.up("--build"))
        finally:
            compose.down()

    def _edit(self) -> None:
        """Save one service's file, changed: Docker builds by content, we go by time."""
        with (self._shop / EDITED).open("a", encoding="utf-8") as file:
            file.write(f"# {time.time_ns()}\n")

    @contextmanager
    def _engine(self, name: str) -> Iterator[EmbeddedEngine]:
        engine = EmbeddedEngine(ShopSpec(self._shop, self._folder / name), lease=True)
        try:
            yield engine
        finally:
            engine.down()


def course(*words: str) -> str:
    """What a command of the course says, run as a learner runs it. Raises RuntimeError where it fails."""
    status, said = finished((COURSE, *words), dict(os.environ))
    if status:
        raise RuntimeError(f"course {' '.join(words)} ended with status {status}: {said.strip()[-500:]}")
    return said


def cpu_below() -> float:
    """Processor time, in seconds, that the living processes below this one took, and all that they have reaped."""
    taken = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.Error:  # it ended meanwhile
            continue
        taken += times.user + times.system + times.children_user + times.children_system
    return taken


def cpu_of_ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def setting(name: str, value: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def measured(rounds: int) -> dict[str, Any]:
    """Measure all ways, and return the figures as the module's docstring has them."""
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bw-", dir="/tmp")))
        for name in ("STATE", "WORK", "CACHE"):
            stack.enter_context(setting(f"BREAKWATER_{name}", str(folder / name.lower())))
        compose, why = None, ""
        try:
            compose = stack.enter_context(plain_compose(workspace.ensure() / "shop"))
        except NoCompose as trouble:
            why = str(trouble)
        bench = Bench(folder, compose)
        bench.figures.why = dict.fromkeys(COMPOSE, why) if why else {}
        bench.first()
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            bench.round()
    return report(bench.figures) | {
        "rounds": rounds,
        "processors": os.cpu_count(),
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
    }


def report(figures: Figures) -> dict[str, Any]:
    medians = {name: statistics.median(values) for name, values in figures.seconds.items()}
    rows: dict[str, Any] = {
        name: row(name, values, figures.cpu.get(name)) | {"to_cold": round(medians[name] / medians["cold"], 2)}
        for name, values in figures.seconds.items()
    }
    moments = {name: round(statistics.median(values), 3) for name, values in figures.moments.items()}
    in_order = dict(sorted(moments.items(), key=lambda moment: moment[1]))
    return {
        "rows": rows | {name: {"why": why} for name, why in figures.why.items()},
        "moments": in_order,
        "phases": _moments.phases(in_order),
        "services": {name: round(statistics.median(values), 3) for name, values in figures.services.items()},
    }


def row(name: str, seconds: list[float], cpu: list[float] | None) -> dict[str, Any]:
    median = statistics.median(seconds)
    figures: dict[str, Any] = {
        "median_s": round(median, 3),
        "least_s": round(min(seconds), 3),
        "most_s": round(max(seconds), 3),
        "seconds": [round(each, 3) for each in seconds],
        "cpu_s": round(statistics.median(cpu), 2) if cpu else None,
    }
    if name in LIMITS:
        must, aim = LIMITS[name]
        figures |= {"must_s": must, "aim_s": aim}
        figures |= {"over_must_s": round(median - must, 3), "over_aim_s": round(median - aim, 3)}
    return figures


def told(figures: dict[str, Any]) -> Iterator[str]:
    """The figures as lines to read."""
    yield f"{'':<15} median    least – most      processor   to cold"
    for name, figure in figures["rows"].items():
        yield f"{name:<15} {_told_row(figure)}"
    yield ""
    yield "A cold start, seen from outside (seconds since `up` was called, and since the moment before):"
    before = 0.0
    for name, seconds in figures["moments"].items():
        yield f"  {seconds:6.3f}  +{seconds - before:.3f}  {name}"
        before = seconds
    yield ""
    yield "What sets the floor, the longest first:"
    for name, seconds in sorted(figures["phases"].items(), key=lambda phase: -phase[1]):
        yield f"  {seconds:6.3f} s  {name}"
    yield f"Load {figures['load_before']} before, {figures['load_after']} after, on {figures['processors']} processors."


def _told_row(figure: dict[str, Any]) -> str:
    if "why" in figure:
        return f"no figure: {figure['why']}"
    cpu = "      –" if figure["cpu_s"] is None else f"{figure['cpu_s']:6.2f} s"
    spread = f"{figure['least_s']:6.3f} – {figure['most_s']:6.3f}"
    text = f"{figure['median_s']:6.3f} s  {spread}  {cpu:>9}   {figure['to_cold']:6.2f}"
    if "must_s" not in figure:
        return text
    over = figure["over_must_s"]
    how = f"missed by {over:.2f} s" if over > 0 else f"held by {-over:.2f} s"
    return f"{text}   must ≤ {figure['must_s']:g} s: {how} (aim {figure['aim_s']:g} s)"


def stop(number: int, frame: object) -> None:
    """End as after Ctrl-C, once: a second one must not break off the clearing away."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is measured")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    try:
        figures = measured(max(1, options.rounds))
    except KeyboardInterrupt:
        sys.exit("broken off: no figures; everything is down and cleared away")
    print(json.dumps(figures, indent=2, ensure_ascii=False) if options.json else "\n".join(told(figures)))


if __name__ == "__main__":
    main()
