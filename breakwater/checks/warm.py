"""Shops that stay up from one run of the checks to the next, and judges that wait for work: for one who edits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock
from typing import Any, Self

from breakwater.checks import judges, runner
from breakwater.checks.job import CheckJob
from breakwater.checks.judges import Judges
from breakwater.checks.scratch import open_engine
from breakwater.checks.verdict import Report, Verdict
from breakwater.engines import Engine
from breakwater.engines.description import FILE
from breakwater.errors import CourseError


class WarmShops:
    """A context with several shops of one folder, and judges for them; all ends with it, or with this process.

    The files in `shop` may change from one run to the next. What the shops keep goes into `folder`. There are as many
    as suit this machine, and not more than `most`.
    """

    def __init__(self, shop: Path, folder: Path, engine: str = "embedded", *, most: int | None = None) -> None:
        count = min(runner.suitable_workers(engine), most or runner.MOST_WORKERS)
        states = [folder / str(number) for number in range(count)]
        self._engines = {state: open_engine(engine, shop, state, lease=True) for state in states}
        self._fresh: set[Path] = set()
        self._ready: Judges | None = None
        self._working: Judges | None = None
        self._ending = Lock()
        self._file, self._described = shop / FILE, b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ready:
            self._ready.close()
        self._each(lambda state, engine: engine.down())

    def prepare(self) -> None:
        """Have fresh shops and judges for the next run; of trouble with it that run will tell."""
        if self._ready is None:
            self._ready = Judges()
            self._ready.prepare(len(self._engines))
        before, self._described = self._described, self._file.read_bytes() if self._file.is_file() else b""
        if before != self._described:  # a shop that is up keeps to the description that it came up by
            self._each(lambda state, engine: engine.down())
            self._fresh.clear()
        self._each(self._freshen)

    def run(self, job: CheckJob, stopped: Event, on_result: runner.OnResult | None = None) -> Report | None:
        """Judge the shop as it is now; None where the run was `stopped`. Raises as `runner.run_checks` does."""
        self.prepare()
        assert self._ready, "they were prepared"
        self._working, self._ready = self._ready, None
        self._fresh.clear()
        try:
            with self._working as working:
                report = None if stopped.is_set() else self._judged(job, working, stopped, on_result)
        except CourseError:
            if not stopped.is_set():
                raise
        finally:
            with self._ending:
                self._working = None
        return None if stopped.is_set() else report

    def stop(self, stopped: Event) -> None:
        """End the run that another thread waits for, which was given this event."""
        stopped.set()
        with self._ending:  # judges that wait for the next run have nothing to do with it
            if self._working:
                self._working.end()
                judges.give_up()

    def _judged(
        self, job: CheckJob, working: Judges, stopped: Event, on_result: runner.OnResult | None
    ) -> Report | None:
        jobs = [replace(job, warm=str(state)) for state in self._engines]
        heard = runner.share(jobs, working, on_result)
        if stopped.is_set():
            return None
        if heard.of_start() is Verdict.UNKNOWN:
            self._each(lambda state, engine: engine.down())  # whatever it was, the next run begins anew
        return runner.again_alone(heard, job)

    def _freshen(self, state: Path, engine: Engine) -> None:
        if state in self._fresh:
            return
        if engine.status():
            engine.reset()
        else:
            engine.up()
        self._fresh.add(state)

    def _each(self, do: Callable[[Path, Engine], Any]) -> None:
        def tried(state: Path) -> None:
            with suppress(CourseError):
                do(state, self._engines[state])

        with ThreadPoolExecutor(len(self._engines)) as pool:
            list(pool.map(tried, self._engines))
