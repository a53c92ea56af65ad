"""Measure six ways to search beside everything else (lesson 1), and write the table that it includes.

Run it as `python solutions/01-programming/figures/search.py`; it takes about two minutes.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import designs

from breakwater.notebook import Shop

SEARCHERS, SECONDS = 8, 6.0
LINES = {
    "`/healthz` of the catalog: the slowest of a hundred": "{p99_s:.2f} s",
    "a search, in the median": "{search_s:.2f} s",
    "searches a second": "{searches:.0f}",
    "more memory than as handed to you": "{more_mb:.0f} MB",
    "lines of Python": "{lines}",
}


def measure(folder: Path) -> dict[str, Any]:
    shop = Shop()
    shop.up(folder)
    try:
        shop.watch(
            "catalog", "/events/evening-7", seconds=1.0, searchers=2
        )  # what is made at the first search, is made
        seen = shop.watch("catalog", "/healthz", seconds=SECONDS, searchers=SEARCHERS)
        memory_mb = shop.memory_mb("catalog")
    finally:
        shop.down()
    return {"p99_s": seen.p99_s, "search_s": seen.search_s, "searches": seen.searches_a_second, "memory_mb": memory_mb}


def hold_what_the_lesson_says(rows: dict[str, dict[str, Any]]) -> None:
    """Raise AssertionError where a sentence beside the table is no longer true."""
    naive, threads, thread, process, pieces, once = rows.values()
    assert naive["p99_s"] > 0.5, "the health check stands in the line"
    assert threads["p99_s"] > naive["p99_s"] / 2, "threads hardly help: the loop stands in line for the lock"
    assert naive["p99_s"] > 2 * pieces["p99_s"] > 2 * thread["p99_s"], "pieces do, and one thread does more"
    assert max(thread["p99_s"], process["p99_s"], once["p99_s"]) < 0.2, "nobody else stands in the queue of searches"
    assert thread["lines"] < 6, "a few lines"
    assert process["more_mb"] > 10, "a second interpreter"
    assert pieces["search_s"] > 0.9 * naive["search_s"], "turns make no search quicker"
    assert once["searches"] > 3 * naive["searches"], "the only one that makes searching itself quicker"


def main() -> None:
    rows: dict[str, dict[str, Any]] = {}
    for name, design in designs.SEARCHES.items():
        with tempfile.TemporaryDirectory() as folder:
            shop = designs.made(design, Path(folder) / "shop")
            rows[name] = measure(shop) | {"lines": designs.added_lines(shop)}
            rows[name]["more_mb"] = max(0.0, rows[name]["memory_mb"] - next(iter(rows.values()))["memory_mb"])
            print(name, rows[name], flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    Path(__file__).with_suffix(".md").write_text(designs.table(rows, LINES))
    hold_what_the_lesson_says(rows)


if __name__ == "__main__":
    main()
