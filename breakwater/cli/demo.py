"""`course demo`: the whole loop in two minutes, unattended."""

import io
import os
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from breakwater.cli._out import print_json
from breakwater.errors import BadInput

if TYPE_CHECKING:
    from breakwater.checks.verdict import CheckResult
    from breakwater.demo import Marked
    from breakwater.load import Run

WIDTH = 100
MARKS = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "unknown": "[yellow]?[/]"}
PLOTS = (".png", ".svg", ".pdf")
INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(demo)


def demo(
    select: Annotated[list[str], typer.Option("-k", metavar="CHECK", help="A check to show; several times.")] = [],  # noqa: B006
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Where to draw; else build/demo.png.")] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw what the terminal shows as well.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Show the course in two minutes: a shop fails, a mended one holds, visitors wait, submissions are graded.

    It touches nothing of yours, and leaves nothing behind but its plot.
    Status: 0 all was as it should be; 1 a shop did what it should not, or a check could not tell; 3 bad input.
    """
    from breakwater import paths

    file = (plot or paths.BUILD / "demo.png").resolve()
    if file.suffix not in PLOTS:
        raise BadInput(f"--plot {plot}: it can be drawn as {', '.join(PLOTS)}. Give a name that ends so.")
    if picture and picture.suffix != ".svg":
        raise BadInput(f"--picture {picture}: it will be an SVG. Give a name that ends in .svg.")
    teller = Teller(record=picture is not None, quiet=json)
    # All that is started sees our end and goes too, so nothing is worth waiting for.
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    told = _play(teller, list(select), file)
    if picture:
        picture.write_text(teller.svg(), encoding="utf-8")
    if json:
        print_json(told)
    raise typer.Exit(0 if told["as_it_should_be"] else 1)


def _play(teller: "Teller", select: list[str], file: Path) -> dict[str, Any]:
    """The acts, in order. Returns all that was told, as data."""
    from breakwater import demo as acts

    begun = time.monotonic()
    checks = select or acts.CHECKS
    with acts.stage() as folder:
        shops = acts.shops(folder / "shops")
        results = _judge(teller, shops, checks)
        runs = _load(teller, shops, file)
        marked, why_not = _grade(teller, checks, folder, with_reference="reference" in shops)
    seconds = time.monotonic() - begun
    teller.end(seconds)
    return {
        "module": acts.MODULE,
        "checks": {name: [_row(each) for each in found] for name, found in results.items()},
        "load": {name: run.to_json() for name, run in runs.items()},
        "plot": file if file.exists() else None,
        "graded": marked,
        "not_graded": why_not,
        "as_it_should_be": _is_right(results, marked),
        "seconds": round(seconds, 1),
    }


def _judge(teller: "Teller", shops: dict[str, Path], checks: Sequence[str]) -> "dict[str, tuple[CheckResult, ...]]":
    from breakwater import demo as acts

    teller.act("A ticket shop works on a sunny day. Now the weather turns, and checks judge what it does.")
    with teller.waiting("The shops start, and the checks run…"):
        results = acts.judged(shops, checks)
    teller.checks("The naive shop, as every learner gets it", results["naive"])
    if "reference" in results:
        teller.checks("The same shop, hardened: the reference", results["reference"])
    else:
        teller.say("The hardened shop is not shown: solutions/ is not in this copy of the course.")
    return results


def _load(teller: "Teller", shops: dict[str, Path], file: Path) -> "dict[str, Run]":
    from breakwater import demo as acts
    from breakwater.toml import shown

    teller.act(
        f"Payments hangs for {acts.HANGS_S:g} s, while {acts.RATE:g} visitors a second come, however slow it is."
    )
    runs = {}
    for name, shop in shops.items():
        with teller.waiting(f"Visitors come to the {name} shop…"):
            runs[name] = acts.loaded(shop)
        teller.run(name, runs[name])
    teller.say("Why: one waits as long as payments does; the other bounds each wait, and says so to the buyer.")
    try:
        acts.draw(runs, file)
    except ImportError:
        teller.say("No plot: matplotlib is not installed. make start installs it.")
    else:
        teller.say(f"Drawn: {shown(file)}")
    return runs


def _grade(
    teller: "Teller", checks: Sequence[str], folder: Path, *, with_reference: bool
) -> tuple[list[dict[str, Any]], str]:
    """Have submissions graded; returns a row each, or why there is none."""
    from breakwater import demo as acts

    teller.act("Three learners hand in. Each shop runs in a sandbox of its own; the checks stand outside.")
    rows = []
    try:
        if not with_reference:
            raise acts.NotHere("solutions/ is not in this copy of the course")
        with teller.waiting("The submissions are judged…"):
            found = list(acts.grade(checks, folder))
    except acts.NotHere as reason:
        teller.say(f"No grading is shown: {reason}.")
        return [], str(reason)
    for each in found:
        teller.marked(each)
        rows.append(vars(each) | {"checks": [_row(check) for check in each.checks]})
    teller.say("Their points are in a gradebook for formgrader, with a page of feedback each.")
    return rows, ""


def _row(check: "CheckResult") -> dict[str, Any]:
    return {"id": check.id, "verdict": check.verdict, "points": check.points, "of": check.max_points} | {
        "message": check.message,
        "why": check.why,
    }


def _is_right(results: "dict[str, tuple[CheckResult, ...]]", marked: list[dict[str, Any]]) -> bool:
    """Whether the naive shop failed by verdicts, the reference passed, and grading could tell."""
    wanted = {"naive": "failed", "reference": "passed"}
    as_wanted = all(check.verdict == wanted[name] for name, found in results.items() for check in found)
    return as_wanted and not any(check["verdict"] == "unknown" for row in marked for check in row["checks"])


class Teller:
    """Tells the story on the terminal, and can draw what it told."""

    def __init__(self, *, record: bool, quiet: bool) -> None:
        self._quiet = quiet
        file = io.StringIO() if quiet else None
        self._console = Console(highlight=False, record=record, file=file, width=WIDTH if record else None)
        self._acts = 0

    def act(self, text: str) -> None:
        """Begin an act: what happens, and why it is worth seeing."""
        if self._acts:
            self._console.print()
        self._acts += 1
        self._line(text, mark=f"[bold cyan]{self._acts}[/]", style="bold", indent=0)

    def waiting(self, text: str) -> Any:
        """Say on a terminal that something goes on; a file, a pipe or a picture gets nothing of it."""
        return Console(stderr=True, quiet=self._quiet).status(text)

    def say(self, text: str) -> None:
        self._line(text)

    def checks(self, whose: str, results: "Sequence[CheckResult]") -> None:
        """One shop's verdicts, with what happened and why; of one that passed, the first number."""
        self._line(whose)
        for check in results:
            points = f"{check.points:g} of {check.max_points:g}"
            self._line(check.sentence, mark=MARKS[check.verdict], right=points)
            passed = check.verdict == "passed"
            for line in (check.message.partition(";")[0] if passed else check.message, check.why):
                if line:
                    self._line(line, style="dim", indent=4)

    def run(self, name: str, run: "Run") -> None:
        """What the visitors of one shop met."""
        waits = run.of()
        wait = f"half waited {waits.p50_s:.2f} s or less, the last {waits.max_s:.1f} s"
        self._line(f"{name:<10} {waits.count} requests: {wait}; {waits.errors} were refused or failed")

    def marked(self, one: "Marked") -> None:
        """One submission's points."""
        marks = " ".join(MARKS[check.verdict] for check in one.checks)
        self._line(f"{one.student:<5} {one.what}", mark=marks, right=f"{one.points:g} of {one.max_points:g}")

    def end(self, seconds: float) -> None:
        self._console.print(f"\n{seconds:.0f} s, and nothing of it is left running. Your turn: [bold]make start[/]")

    def svg(self) -> str:
        """What was told, as a picture that loads nothing from elsewhere."""
        from rich._export_format import CONSOLE_SVG_FORMAT

        plain = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
        return self._console.export_svg(title="course demo", code_format=plain, unique_id="demo")

    def _line(self, text: str, *, mark: str = "", right: str = "", style: str = "", indent: int = 2) -> None:
        """One line, folded where it is too long: a mark, what is told, and something at the right."""
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(no_wrap=True)
        row.add_column(ratio=1)
        row.add_column(no_wrap=True, justify="right")
        row.add_row(mark, Text(text, style), right)
        self._console.print(Padding(row, (0, 0, 0, indent)), width=min(self._console.width, WIDTH))
