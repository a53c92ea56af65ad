"""The whole loop, unattended: the naive shop fails, the reference holds, visitors are counted, submissions are graded.

Other packages may bring a last act of grading through the entry-point group `breakwater.demo`: a function as `Grade`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from breakwater import paths
from breakwater.checks.runner import CheckJob, lay_over, run_checks
from breakwater.checks.verdict import CheckResult
from breakwater.demo._load import HANGS_S, RATE, draw, loaded
from breakwater.demo._stage import stage

__all__ = [
    "CHECKS",
    "HANGS_S",
    "MODULE",
    "RATE",
    "Marked",
    "NotHere",
    "draw",
    "grade",
    "judged",
    "loaded",
    "shops",
    "stage",
]

MODULE = "09-resilience"
CHECKS = ("slow-payment", "dead-catalog")
GROUP = "breakwater.demo"


class NotHere(Exception):
    """An act that this copy of the course, or this machine, cannot give; the text says why."""


@dataclass(frozen=True)
class Marked:
    """One submission, graded: by whom, what it was, its points, and what each check said."""

    student: str
    what: str
    points: float
    max_points: float
    checks: tuple[CheckResult, ...]


Grade = Callable[[Sequence[str], Path], Iterator[Marked]]
"""Grade three submissions by these checks, keeping everything below a folder. Raises NotHere."""


def shops(folder: Path) -> dict[str, Path]:
    """Lay out the naive shop below `folder` and, where solutions are, the reference; return them by name."""
    found = {"naive": lay_over(None, folder / "naive")}
    reference = paths.SOLUTIONS / MODULE / "boxoffice"
    if reference.is_dir():
        found["reference"] = lay_over(reference, folder / "reference")
    return found


def judged(shops: dict[str, Path], checks: Sequence[str]) -> dict[str, tuple[CheckResult, ...]]:
    """Judge these shops by the same checks, side by side; each shop's checks one after the other.

    Raises:
        BadInput: there is no such check.
    """
    with ThreadPoolExecutor(len(shops)) as pool:
        found = pool.map(lambda shop: _results(shop, tuple(checks)), shops.values())
        return dict(zip(shops, found, strict=True))


def _results(shop: Path, checks: tuple[str, ...]) -> tuple[CheckResult, ...]:
    """What these checks say, and that the shop starts, where it does not."""
    results = run_checks(CheckJob(MODULE, shop, select=checks), workers=1).checks
    return tuple(sorted(results, key=lambda each: checks.index(each.id) if each.id in checks else -1))


def grade(checks: Sequence[str], folder: Path) -> Iterator[Marked]:
    """Have three submissions graded by whoever can. Raises NotHere where nobody can."""
    for entry in entry_points(group=GROUP):
        if find_spec(entry.module.partition(".")[0]):
            act: Grade = entry.load()
            yield from act(checks, folder)
            return
    raise NotHere("the grader is not in this copy of the course; an instructor's has it")
