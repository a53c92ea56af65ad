"""Measure what a service drops that is told to stop (lesson 3), and write the table that it includes.

Run it as `python solutions/01-programming/figures/ending.py`; it takes about a minute.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import designs

from breakwater.notebook import Shop

TIMES = 5
LINES = {
    "requests under way, cut": "{cut} of {under_way}",
    "bookings that got no price": "{refused}",
    "of them before the service had said that it was leaving": "{surprised}",
    "from the signal until another one was ready": "{back_s:.1f} s",
    "lines of Python": "{lines}",
}


def measure(folder: Path) -> dict[str, Any]:
    shop = Shop()
    shop.up(folder)
    try:
        seen = [shop.replace("pricing") for _ in range(TIMES)]
    finally:
        shop.down()
    return {
        "cut": sum(each.cut for each in seen),
        "under_way": sum(len(each.begun) for each in seen),
        "refused": sum(each.refused for each in seen),
        "surprised": sum(each.surprised for each in seen),
        "back_s": sum(each.back_s - each.told_s for each in seen) / TIMES,
    }


def hold_what_the_lesson_says(rows: dict[str, dict[str, Any]]) -> None:
    """Raise AssertionError where a sentence beside the table is no longer true."""
    naive, waits, says = rows.values()
    assert naive["cut"] == naive["under_way"], "what is under way is cut"
    assert (waits["cut"], says["cut"]) == (0, 0), "who waits cuts nothing"
    assert waits["surprised"] > 0, "but surprises whoever comes next"
    assert says["surprised"] == 0
    assert naive["back_s"] < waits["back_s"], "that takes longer"


def main() -> None:
    rows: dict[str, dict[str, Any]] = {}
    for name, design in designs.ENDINGS.items():
        with tempfile.TemporaryDirectory() as folder:
            shop = designs.made(design, Path(folder) / "shop")
            rows[name] = measure(shop) | {"lines": designs.added_lines(shop)}
            print(name, rows[name], flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    Path(__file__).with_suffix(".md").write_text(designs.table(rows, LINES))
    hold_what_the_lesson_says(rows)


if __name__ == "__main__":
    main()
