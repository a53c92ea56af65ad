"""Margins: how far right answers stay inside a bound, and wrong ones outside, as a ratio.

Outside count the answers that must lose the check. One that may lose it may be told either verdict, so it can lie
anywhere near the bound, on both sides. The naive shop has no margin: nobody hands it in, and where it fails it mostly
fails by several things, the first of which is told.

The ratio is taken on the excess over the floor, which is what even a perfect shop would take (an injected delay,
say): with a floor of 1 s and a bound of 3 s, a value of 2 s lies 2× inside. Counts are exempt.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from breakwater.checks.verdict import Measurement, Report, Verdict
from breakwater.dev.content import ModuleContent
from breakwater.dev.finding import Finding
from breakwater.dev.variants import Variant

LEAST = 2.0
UNITS = ("s", "ms", "/s", "%", "x", "×")
RIGHT = ("reference", "other")


@dataclass(frozen=True)
class Margin:
    """The worst distance of one measurement over many runs.

    `inside` is the smallest ratio by which right answers stayed inside the bound, `outside` the smallest by which
    those that must lose the check stayed outside; None where there was none. `…_by` names the answer.
    """

    check: str
    what: str
    bound: float
    unit: str
    inside: float | None = None
    inside_by: str = ""
    outside: float | None = None
    outside_by: str = ""


def margins(runs: Iterable[tuple[Variant, Report]]) -> list[Margin]:
    """One margin for each bounded measurement of each check."""
    worst: dict[tuple[str, str], dict[str, Any]] = {}
    for variant, check, verdict, m in _bounded(runs):
        entry = worst.setdefault((check, m.what), {"bound": m.bound, "unit": m.unit})
        inside = m.inside_by
        if variant.kind in RIGHT:
            _keep_least(entry, "inside", inside, variant.name)
        elif variant.patch and check in variant.patch.loses and verdict is Verdict.FAILED and inside < 1:
            _keep_least(entry, "outside", 1 / inside, variant.name)
    return [Margin(check, what, **entry) for (check, what), entry in sorted(worst.items())]


def _bounded(runs: Iterable[tuple[Variant, Report]]) -> Iterator[tuple[Variant, str, Verdict, Measurement]]:
    for variant, report in runs:
        for check in report.checks:
            for measurement in check.measurements:
                if measurement.unit in UNITS:
                    yield variant, check.id, check.verdict, measurement


def _keep_least(entry: dict[str, Any], side: str, ratio: float, name: str) -> None:
    if entry.get(side) is None or ratio < entry[side]:
        entry[side], entry[f"{side}_by"] = round(ratio, 2), name


def thin(module: ModuleContent, found: Iterable[Margin]) -> Iterator[Finding]:
    """The margins that are below 2×: luck may decide there."""
    for margin in found:
        for side, ratio, name in (
            ("inside", margin.inside, margin.inside_by),
            ("outside", margin.outside, margin.outside_by),
        ):
            if ratio is not None and ratio < LEAST:
                what = f"{margin.check}: {name} lies only {ratio:.2f}× {side} the bound of {margin.what}"
                remedy = f"redesign the check, or its bound of {margin.bound:g} {margin.unit} (at least {LEAST:g}×)"
                yield module.finding(module.record, 0, "margin", what, remedy)
