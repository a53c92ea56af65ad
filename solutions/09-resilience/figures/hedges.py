"""Measure what a hedged request gains and costs (lesson 4), and write the table that the lesson includes.

Run it as `python solutions/09-resilience/figures/hedges.py`; it takes about three minutes.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from designs import APP, HERE, NAIVE, replaced

from breakwater.notebook import Shop

VARIANT = NAIVE.parent / "09-resilience" / "variants" / "hedge-the-catalog"
ALL = 1.0  # a hedge for each question: no budget
TAIL, EVEN = "3 in 100 answers late by 0.5 to 1 s", "every answer late by 0 to 0.5 s"
LATE = {TAIL: (0.5, 1.0, 0, 0.03), EVEN: (0.0, 0.5, 0, 1.0)}
RUNS: tuple[tuple[str, str, tuple[float, float] | None], ...] = (
    (TAIL, "asked once", None),
    (TAIL, "hedged after 0.1 s, one question in ten", (0.1, 0.1)),
    (TAIL, "both at once, always", (0.0, ALL)),
    (EVEN, "asked once", None),
    (EVEN, "hedged after 0.1 s, one question in ten", (0.1, 0.1)),
    (EVEN, "hedged after 0.1 s, without a budget", (0.1, ALL)),
)


def made(into: Path, after_s: float, share: float) -> Path:
    """A shop that hedges its questions to the catalog after `after_s` seconds, at most such a share of them."""
    shutil.copytree(NAIVE, into)
    shutil.copytree(VARIANT, into, dirs_exist_ok=True)
    shutil.copy(HERE / "hedged.py", into / APP)
    backend = into / APP / "backend.py"
    text = replaced(backend.read_text(), "AFTER_S = 0.1 ", f"AFTER_S = {after_s} ")
    backend.write_text(
        replaced(text, "HEDGES_A_QUESTION, TO_BEGIN_WITH = 0.1", f"HEDGES_A_QUESTION, TO_BEGIN_WITH = {share}")
    )
    return into


def measure(folder: Path | None, late: tuple[float, float, int, float]) -> dict[str, Any]:
    """Percentiles of 400 loads of the event page, in seconds, and requests to the catalog a load."""
    shop = Shop()
    shop.up(folder)
    try:
        always = shop.faults.jitter("gateway", "catalog", *late)
        evening = shop.sale(buyers=20, over_s=20, visitors=400, always=always)
    finally:
        shop.down()
    waits = evening.visit_percentiles_s(50, 95, 99)
    return dict(zip(("p50_s", "p95_s", "p99_s"), waits, strict=True)) | {
        "requests": evening.attempts_per_visit("gateway", "catalog")
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The measurements as the lesson shows them, a run a row."""
    head = (
        "| the catalog | the question | median | p95 | p99 | requests a page |\n| --- | --- | --- | --- | --- | --- |\n"
    )
    form = "| {evening} | {design} | {p50_s:.2f} s | {p95_s:.2f} s | {p99_s:.2f} s | {requests:.2f} |\n"
    return head + "".join(form.format(**row) for row in rows)


def hold_what_the_lesson_says(rows: list[dict[str, Any]]) -> None:
    """Raise AssertionError where a sentence beside the table is no longer true."""
    once, budgeted, at_once, even, even_budgeted, unbounded = rows
    assert once["p95_s"] < 0.1 < 0.4 < once["p99_s"], (
        "the hedge comes after the 95th percentile, and before the late ones"
    )
    assert budgeted["p99_s"] < once["p99_s"] / 2, "a hedge takes the tail away"
    assert budgeted["requests"] < 1.15, "for few requests more"
    assert at_once["requests"] > 1.9, "asking twice at once doubles the load"
    assert even_budgeted["p99_s"] > even["p99_s"] * 0.8, "where every answer is late, the budget allows little"
    assert even_budgeted["requests"] < 1.15 < 1.5 < unbounded["requests"], "and without it the load grows"


def main() -> None:
    rows = []
    for evening, design, settings in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            shop = made(Path(folder) / "shop", *settings) if settings else None
            rows.append({"evening": evening, "design": design} | measure(shop, LATE[evening]))
        print(rows[-1], flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    Path(__file__).with_suffix(".md").write_text(table(rows))
    hold_what_the_lesson_says(rows)


if __name__ == "__main__":
    main()
