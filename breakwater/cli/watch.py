"""`course watch`: the checks again, whenever a file of the shop is saved."""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breakwater.cli._out import console, note
from breakwater.errors import BadInput, CourseError

if TYPE_CHECKING:
    from rich.console import Console

    from breakwater.checks.job import CheckJob
    from breakwater.checks.verdict import CheckResult, Report
    from breakwater.checks.warm import WarmShops
    from breakwater.syllabus import Module

Name = Annotated[str, typer.Argument(metavar="NN", help="The module: its number, topic or id.")]

SETTLED_MS = 20  # an editor may write a file in several steps


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(watch)


def watch(
    name: Name,
    hidden: Annotated[bool, typer.Option("--hidden", help="Add the hidden checks (where solutions are).")] = False,
    select: Annotated[list[str], typer.Option("-k", metavar="ID", help="Run this check; can be given again.")] = [],  # noqa: B006
    json: Annotated[bool, typer.Option("--json", help="Report each run as one line of JSON.")] = False,
) -> None:
    """Run the checks that an edit touches whenever a file of your shop is saved, those that failed first.

    Saving while checks run ends them, and begins anew. Ctrl-C ends it.
    """
    from breakwater import lab, syllabus, workspace
    from breakwater.checks.job import CheckJob
    from breakwater.checks.overlay import lay_over
    from breakwater.checks.scratch import scratch
    from breakwater.checks.warm import WarmShops
    from breakwater.cli.check import hold_hidden

    module = syllabus.load().find_built(name)
    if lab.load(module.id).builds:
        raise BadInput(
            f"`course watch` has the checks run on a shop that stays up, and those of {module.id} build images: "
            f"course check {module.number}"
        )
    if hidden:
        hold_hidden(module)
    source = (workspace.ensure() / "shop").resolve()
    with scratch() as folder:
        shop = lay_over(None, folder / "shop", base=source)
        job = CheckJob(module.id, shop, hidden=hidden, select=tuple(select), hurries=True)
        with WarmShops(shop, folder, most=len(set(select)) or None) as shops:
            watching = Watching(module, job, source, shops, None if json else console)
            watching.begin()
            for edited in _saves(source):
                watching.begin(edited)
            watching.stop()


class Watching:
    """One run of the checks after the other, each in a thread of its own.

    They are told on `console`; where there is none, a line of JSON each is printed.
    """

    def __init__(
        self, module: "Module", job: "CheckJob", source: Path, shops: "WarmShops", console: "Console | None"
    ) -> None:
        self._module, self._job, self._source, self._shops, self._console = module, job, source, shops, console
        self._run: threading.Thread | None = None
        self._last: dict[str, CheckResult] = {}  # what each check said when it ran last
        self._untold: set[str] = set()  # folders that were edited, and no run has ended since
        self._is_first = True
        self._stopped = threading.Event()  # of the run that is under way

    def begin(self, edited: Collection[str] = ()) -> None:
        """End the run that is under way, if there is one, and begin one of what an edit of these folders touches."""
        self.stop()
        self._untold.update(edited)
        if edited and self._console:
            self._console.rule(f"{', '.join(sorted(edited))} saved, {time.strftime('%H:%M:%S')}", align="left")
        self._stopped = threading.Event()
        self._run = threading.Thread(target=self._judge, daemon=True)
        self._run.start()

    def stop(self) -> None:
        """End the run that is under way."""
        if self._run:
            self._shops.stop(self._stopped)
            self._run.join()

    def _judge(self) -> None:
        try:
            report = self._report()
        except CourseError as error:
            note(str(error))
        else:
            if report is None:
                return
            self._untold.clear()
            self._is_first = False
        self._shops.prepare()
        if self._console:
            self._console.print("Waiting for a file of your shop to be saved (Ctrl-C ends this).", style="dim")

    def _report(self) -> "Report | None":
        from breakwater.checks.overlay import lay_anew, syntax_error
        from breakwater.checks.verdict import Verdict
        from breakwater.cli.check import keep
        from breakwater.toml import shown

        lay_anew(self._job.shop, self._source)
        if broken := syntax_error(self._job.shop):
            raise BadInput(f"{shown(self._source)}/{broken}. Mend it; nothing was run.")
        edited = () if self._is_first else tuple(self._untold)
        failed = tuple(name for name, check in self._last.items() if check.verdict is not Verdict.PASSED)
        report = self._run_and_tell(replace(self._job, edited=edited, first=failed))
        if report:
            keep(self._module, self._standing(report), whole=not self._job.select)
        return report

    def _run_and_tell(self, job: "CheckJob") -> "Report | None":
        from breakwater.cli._verdicts import Teller

        if self._console is None:
            report = self._shops.run(job, self._stopped)
            if report:
                print(dumps(report.to_json()), flush=True)
            return report
        begun, teller = time.monotonic(), Teller(self._console)
        with teller.waiting():
            report = self._shops.run(job, self._stopped, teller.tell)
        if report:
            teller.sum_up(self._standing(report), time.monotonic() - begun, own=True)
        return report

    def _standing(self, report: "Report") -> "Report":
        """How the shop stands: this run's results, and of checks that it did not touch what they said last."""
        self._last |= {check.id: check for check in report.checks}
        return replace(report, checks=tuple(self._last.values()))


def _saves(source: Path) -> Iterator[set[str]]:
    """The folders of the shop, or files beside them, in which something was saved, each time; ends at Ctrl-C."""
    import watchfiles

    with suppress(KeyboardInterrupt):
        for changes in watchfiles.watch(source, step=SETTLED_MS):
            yield {Path(path).relative_to(source).parts[0] for _, path in changes}
