"""`course watch`: the checks again, whenever a file of the shop is saved."""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breakwater.cli._out import console, note
from breakwater.errors import BadInput, CourseError

if TYPE_CHECKING:
    from breakwater.checks.job import CheckJob
    from breakwater.checks.verdict import Report
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
    lab.load(module.id)
    if hidden:
        hold_hidden(module)
    source = (workspace.ensure() / "shop").resolve()
    with scratch() as folder:
        shop = lay_over(None, folder / "shop", base=source)
        job = CheckJob(module.id, shop, hidden=hidden, select=tuple(select))
        with WarmShops(shop, folder) as shops:
            watching = Watching(module, job, source, shops)
            watching.begin()
            for edited in _saves(source):
                watching.begin(edited)
            watching.stop()


class Watching:
    """One run of the checks after the other, each in a thread of its own."""

    def __init__(self, module: "Module", job: "CheckJob", source: Path, shops: "WarmShops") -> None:
        self._module, self._job, self._source, self._shops = module, job, source, shops
        self._run: threading.Thread | None = None
        self._failed: set[str] = set()
        self._untold: set[str] = set()  # folders that were edited, and no run has ended since
        self._is_first = True

    def begin(self, edited: Collection[str] = ()) -> None:
        """End the run that is under way, if there is one, and begin one of what an edit of these folders touches."""
        self.stop()
        self._untold.update(edited)
        if edited:
            console.rule(f"{', '.join(sorted(edited))} saved, {time.strftime('%H:%M:%S')}", align="left")
        self._run = threading.Thread(target=self._judge, daemon=True)
        self._run.start()

    def stop(self) -> None:
        """End the run that is under way."""
        if self._run:
            if self._run.is_alive():
                self._shops.stop()
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
        console.print("Waiting for a file of your shop to be saved (Ctrl-C ends this).", style="dim")

    def _report(self) -> "Report | None":
        from dataclasses import replace

        from breakwater.checks.overlay import lay_anew, syntax_error
        from breakwater.checks.verdict import Verdict
        from breakwater.cli._verdicts import Teller
        from breakwater.cli.check import keep
        from breakwater.toml import shown

        begun = time.monotonic()
        lay_anew(self._job.shop, self._source)
        if broken := syntax_error(self._job.shop):
            raise BadInput(f"{shown(self._source)}/{broken}. Mend it; nothing was run.")
        edited = () if self._is_first else tuple(self._untold)
        job = replace(self._job, edited=edited, first=tuple(self._failed))
        teller = Teller(console)
        with teller.waiting():
            report = self._shops.run(job, teller.tell)
        if report:
            for check in report.checks:
                (self._failed.discard if check.verdict is Verdict.PASSED else self._failed.add)(check.id)
            keep(self._module, report, whole=not (edited or self._job.select))
            teller.sum_up(report, time.monotonic() - begun, own=True)
        return report


def _saves(source: Path) -> Iterator[set[str]]:
    """The folders of the shop, or files beside them, in which something was saved, each time; ends at Ctrl-C."""
    import watchfiles

    with suppress(KeyboardInterrupt):
        for changes in watchfiles.watch(source, step=SETTLED_MS):
            yield {Path(path).relative_to(source).parts[0] for _, path in changes}
