"""Shops that stay up from one run of the checks to the next, and judges that wait for work: for one who edits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
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

    The files in `shop` may change from one run to the next. What the shops keep goes into `folder`.
    """

    def __init__(self, shop: Path, folder: Path, engine: str = "embedded") -> None:
        self._states = [folder / str(number) for number in range(runner.suitable_workers(engine))]
        self._engines = [open_engine(engine, shop, state, lease=True) for state in self._states]
        self._ready: Judges | None = None
        self._working: Judges | None = None
        self._file, self._described = shop / FILE, b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ready:
            self._ready.close()
        self._each(lambda engine: engine.down())

    def prepare(self) -> None:
        """Bring up what is not up, and start the judges of the next run; of trouble with it that run will tell."""
        if self._ready is None:
            self._ready = Judges()
            self._ready.prepare(len(self._states))
        before, self._described = self._described, self._file.read_bytes() if self._file.is_file() else b""
        if before != self._described:  # a shop that is up keeps to the description that it came up by
            self._each(lambda engine: engine.down())
        self._each(lambda engine: engine.status() or engine.up())

    def run(self, job: CheckJob, on_result: runner.OnResult | None = None) -> Report | None:
        """Judge the shop as it is now; None where `stop` ended the run. Raises as `runner.run_checks` does."""
        self.prepare()
        self._working, self._ready = self._ready, None
        assert self._working, "they were prepared"
        with self._working as working:
            try:
                report = self._judged(job, working, on_result)
            except CourseError:
                if not working.are_over:
                    raise
            return None if working.are_over else report

    def stop(self) -> None:
        """End the run that another thread waits for."""
        if self._working:
            self._working.end()
        judges.give_up()

    def _judged(self, job: CheckJob, working: Judges, on_result: runner.OnResult | None) -> Report:
        jobs = [replace(job, warm=str(state)) for state in self._states][: len(job.select) or None]
        heard = runner.share(jobs, working, on_result)
        if not working.are_over and heard.of_start() is Verdict.UNKNOWN:
            self._each(lambda engine: engine.down())  # whatever it was, the next run begins anew
        return heard.report(job) if working.are_over else runner.again_alone(heard, job)

    def _each(self, do: Callable[[Engine], Any]) -> None:
        def tried(engine: Engine) -> None:
            with suppress(CourseError):
                do(engine)

        with ThreadPoolExecutor(len(self._engines)) as pool:
            list(pool.map(tried, self._engines))
