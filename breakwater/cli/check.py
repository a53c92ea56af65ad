"""`course check` and `course hint`: what a shop does, why, and what leads on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breakwater.cli._out import console, print_json
from breakwater.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from breakwater.checks.verdict import Report
    from breakwater.syllabus import Module

Name = Annotated[str, typer.Argument(metavar="NN", help="The module: its number, topic or id.")]
Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(check)
    app.command()(hint)


def check(
    name: Name,
    files: Annotated[
        Path | None, typer.Option("--files", metavar="DIR", help="Judge these files, laid over the naive shop.")
    ] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="Add the hidden checks (where solutions are).")] = False,
    select: Annotated[list[str], typer.Option("-k", metavar="ID", help="Run this check; can be given again.")] = [],  # noqa: B006
    engine: Annotated[str, typer.Option("--engine", help="What runs the shop.")] = "embedded",
    json: Json = False,
) -> None:
    """Run the checks of a module on your shop, and explain what they saw.

    Status: 0 all passed; 1 any failed; else 2 any unknown; 3 bad input, or no Docker where the lab needs it.
    """
    from breakwater import lab, syllabus
    from breakwater.checks import advice, runner
    from breakwater.cli._verdicts import Teller

    module = syllabus.load().find_built(name)
    card = lab.load(module.id)
    if hidden:
        hold_hidden(module)
    if card.builds:
        _prepare(None if json else console)
    begun = time.monotonic()
    teller = None if json else Teller(console)
    with _shop(files) as shop:
        job = runner.CheckJob(module.id, shop, engine=engine, hidden=hidden, select=tuple(select), hurries=True)
        with teller.waiting() if teller else _nothing():
            report = runner.run_checks(job, on_result=teller.tell if teller else None)
        advised = advice.lines(shop, card.builds)
    if not files:
        keep(module, report, whole=not select)
    if teller:
        teller.advise(advised)
        teller.sum_up(report, time.monotonic() - begun, own=files is None)
    else:
        print_json(report.to_json() | ({"advice": advised} if card.builds else {}))
    raise typer.Exit(report.exit_status)


def _prepare(console: "Console | None") -> None:
    """Have what a lab that builds images begins with. Raises EngineTrouble where there is no Docker."""
    from breakwater.engines.trial.prepare import prepare

    if console is None:
        prepare()
        return
    with console.status("Docker is asked what it has…") as status:
        prepare(status.update)


def hint(
    name: Name,
    check: Annotated[str, typer.Argument(metavar="CHECK", help="The check, as `course check` names it.")],
    more: Annotated[bool, typer.Option("--more", help="Show the next one.")] = False,
    json: Json = False,
) -> None:
    """Show a hint for a check: a question first, then the mechanism, the place, one way."""
    from breakwater import syllabus
    from breakwater.checks import hints, memory
    from breakwater.cli._verdicts import tell_hint

    module = syllabus.load().find_built(name)
    found = hints.find(module.id, check)
    number = memory.hint(module.id, check, of=len(found.hints), more=more)
    beliefs = found.beliefs(memory.last_said(module.id, check)) if number > 1 else []
    text, of = found.hints[number - 1], len(found.hints)
    if json:
        told = {"module": module.id, "check": check, "hint": number, "of": of, "text": text, "beliefs": beliefs}
        return print_json(told)
    tell_hint(console, number, of, text, beliefs)
    if number < of:
        console.print(f"\nMore: course hint {module.number} {check} --more", markup=False)
    else:
        console.print(f"\nThat was the last one. Try: course check {module.number} -k {check}", markup=False)


@contextmanager
def _shop(files: Path | None) -> Iterator[Path]:
    """A copy of the shop to be judged: the learner's own, or `files` over the naive one."""
    from breakwater import workspace
    from breakwater.checks.overlay import lay_over, syntax_error
    from breakwater.checks.scratch import scratch
    from breakwater.toml import shown

    source = (files or workspace.ensure() / "shop").resolve()
    with scratch() as folder:
        shop = lay_over(source, folder / "shop") if files else lay_over(None, folder / "shop", base=source)
        if broken := syntax_error(shop):
            raise BadInput(f"{shown(source)}/{broken}. Mend it; nothing was run.")
        yield shop


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def hold_hidden(module: "Module") -> None:
    """Raise BadInput where this copy of the course has no hidden checks of the module."""
    from breakwater import paths

    folder = paths.SOLUTIONS / module.id / "checks"
    if not folder.is_dir():
        raise BadInput(f"--hidden: this copy of the course has no hidden checks of {module.id}; an instructor's has.")


def keep(module: "Module", report: "Report", *, whole: bool) -> None:
    """Note in `work/` what was said, for the hints, and that the module's public checks have passed."""
    from breakwater import progress
    from breakwater.checks import memory
    from breakwater.checks.verdict import Verdict

    memory.said(module.id, {check.id: f"{check.message}\n{check.why}" for check in report.checks})
    if whole and all(check.verdict is Verdict.PASSED for check in report.checks if not check.hidden):
        progress.passed(module.id)
