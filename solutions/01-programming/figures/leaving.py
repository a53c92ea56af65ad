"""Measure what is done for visitors who leave (lesson 2), and write the table that it includes.

Run it as `python solutions/01-programming/figures/leaving.py`; it takes about a minute.
"""

import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import designs

from breakwater.notebook import Shop

VISITORS, A_SECOND, LATE_S = 72, 12, 0.5
PATH = "/events/opening-night/offer"
LINES = {
    "visitors who got their offer": "{served} of {visitors}",
    "their wait, in the median": "{wait_s:.2f} s",
    "questions that the gateway asked": "{asked}",
    "of them asked, or still waited for, when nobody was there": "{for_nobody}",
    "seconds for which places were held for nobody": "{held_s:.0f} s",
    "lines of Python": "{lines}",
}


def measure(folder: Path) -> dict[str, Any]:
    shop = Shop()
    shop.up(folder)
    try:
        far = [shop.slow("gateway", callee, latency_s=LATE_S) for callee in ("catalog", "inventory", "pricing")]
        with shop.weather(*far):
            seen = shop.impatient(PATH, visitors=VISITORS, a_second=A_SECOND, over_s=4 * LATE_S)
    finally:
        shop.down()
    return {
        "visitors": VISITORS,
        "served": len(seen.served),
        "wait_s": median(each.elapsed_s for each in seen.served),
        "asked": seen.asked,
        "for_nobody": len(seen.for_nobody_s),
        "held_s": sum(seen.for_nobody_s),
    }


def hold_what_the_lesson_says(rows: dict[str, dict[str, Any]]) -> None:
    """Raise AssertionError where a sentence beside the table is no longer true."""
    naive, at_once, given_up, both = rows.values()
    assert at_once["served"] > 36, "at once makes most visitors happy before they think of leaving"
    assert given_up["served"] > 3 * naive["served"], "given up serves many whom the first shop lost"
    assert both["served"] > max(at_once["served"], given_up["served"]), "both do what neither does alone"
    assert at_once["wait_s"] < naive["wait_s"] / 2
    assert naive["for_nobody"] > 20 > given_up["for_nobody"] + 10, "and given up gives the places back"
    assert at_once["for_nobody"] > both["for_nobody"], "at once does not help those who leave all the same"


def main() -> None:
    rows: dict[str, dict[str, Any]] = {}
    for name, design in designs.LEAVING.items():
        with tempfile.TemporaryDirectory() as folder:
            shop = designs.made(design, Path(folder) / "shop")
            rows[name] = measure(shop) | {"lines": designs.added_lines(shop)}
            print(name, rows[name], flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    Path(__file__).with_suffix(".md").write_text(designs.table(rows, LINES))
    hold_what_the_lesson_says(rows)


if __name__ == "__main__":
    main()
