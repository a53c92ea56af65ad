"""How verdicts look on a terminal: one block a check, then one line for all and the next command."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from breakwater.checks.verdict import CheckResult, Report, Verdict

MARKS = {Verdict.PASSED: ("✓", "green"), Verdict.FAILED: ("✗", "red"), Verdict.UNKNOWN: ("?", "yellow")}
WIDEST = 120


class Teller:
    """Tells one run of checks on `console`, each as it ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Say on a terminal that something is going on; a file or a pipe gets nothing of it."""
        with self._console.status("The shop starts, and the checks run…"):
            yield

    def tell(self, check: CheckResult) -> None:
        """Print one check's block."""
        if self._told and (check.why or check.evidence):
            self._console.print()
        self._told += 1
        for part in block(check):
            self._console.print(part, width=min(self._console.width, WIDEST))

    def advise(self, lines: Sequence[str]) -> None:
        """Print what is worth a thought and no point."""
        if lines:
            self._console.print("\nFor no points, hadolint says:")
        for line in lines:
            self._console.print(f"  {line}", markup=False, width=min(self._console.width, WIDEST))

    def sum_up(self, report: Report, seconds: float, *, own: bool) -> None:
        """Print the line for all checks, and what to do now. `own`: the learner's own shop was judged."""
        checks = [check for check in report.checks if check.max_points]
        counts = [f"{_count(checks, verdict)} {verdict}" for verdict in Verdict if _count(checks, verdict)]
        points, of = (sum(getattr(check, key) for check in checks) for key in ("points", "max_points"))
        kind = "" if any(check.hidden for check in checks) else "public "
        many = f"{len(checks)} {kind}check{'' if len(checks) == 1 else 's'}"
        line = f"{many}: {', '.join(counts) or 'none'} · {points:g} of {of:g} points · {seconds:.0f} s"
        self._console.print("\n" + line, markup=False)
        if then := next_command(report, own=own):
            self._console.print(f"Next: {then}", markup=False)


def block(check: CheckResult) -> Iterator[RenderableType]:
    """One check: its sentence and points, and what was seen."""
    mark, colour = MARKS[check.verdict]
    points = f"{check.points:g} of {check.max_points:g} points" if check.max_points else ""
    if check.verdict is Verdict.UNKNOWN and check.max_points:
        points = f"unknown, of {check.max_points:g} points"
    head = Table.grid(padding=(0, 1), expand=True)
    head.add_column(no_wrap=True)
    head.add_column(ratio=1)
    head.add_column(no_wrap=True, justify="right")
    head.add_row(Text(mark, colour), Text(check.sentence, "bold"), Text(points))
    yield head
    if check.verdict is Verdict.PASSED:
        if check.message:
            yield Padding(Text(check.message, "dim"), (0, 0, 0, 2))
        return
    rows = [("What happened", check.message), ("Why", check.why)]
    rows += [("" if at else "Evidence", line) for at, line in enumerate(check.evidence)]
    body = Table.grid(padding=(0, 2))
    body.add_column(no_wrap=True, style="dim")
    body.add_column(overflow="fold")
    for label, text in [*rows, ("Next", check.next)]:
        if text:
            body.add_row(label, Text(text))
    yield Padding(body, (0, 0, 0, 2))


def next_command(report: Report, *, own: bool) -> str:
    """The command that helps most now; empty if there is none to name."""
    number = report.module.partition("-")[0]
    for check in report.checks:
        if check.id == "starts" and check.verdict is Verdict.FAILED:
            return "course shop up" if own else ""
    for verdict in (Verdict.FAILED, Verdict.UNKNOWN):
        for check in report.checks:
            if check.verdict is verdict and check.max_points:
                hint = check.next.partition("  ")[0]
                return hint if hint and verdict is Verdict.FAILED else f"course check {number} -k {check.id}"
    return f"course submit {number}   (hidden checks are judged too, when it is graded)" if own else ""


def tell_hint(console: Console, number: int, of: int, text: str, beliefs: Sequence[str]) -> None:
    """Print one hint, and the beliefs that would explain what the check saw."""
    width = min(console.width, WIDEST)
    console.print(f"Hint {number} of {of}", style="bold")
    console.print(Padding(Text(text), (0, 0, 0, 2)), width=width)
    for belief in beliefs:
        console.print("\nA thought that leads to what was seen", style="bold")
        console.print(Padding(Text(belief), (0, 0, 0, 2)), width=width)


def _count(checks: Sequence[CheckResult], verdict: Verdict) -> int:
    return sum(check.verdict is verdict for check in checks)
