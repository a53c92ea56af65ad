"""Measure four mends of a catalog that hangs, and all of them together (lesson 4), and write the table it includes.

Run it as `python solutions/09-resilience/figures/catalog.py`; it takes about four minutes.
"""

import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import designs

from breakwater.notebook import Shop

HUNG = (2.0, 7.0)
SHOWN_WITHIN_S = 2.5  # what the lab allows


def measure(folder: Path) -> dict[str, Any]:
    """Three evenings on one shop: the catalog hangs; many buyers and slow payments; a catalog that takes 1.2 s."""
    shop = Shop()
    shop.up(folder)
    try:
        hangs = shop.faults.hang("gateway", "catalog")
        row = hung(shop.sale(buyers=40, over_s=10, visitors=300, weather=hangs, during=HUNG))
        rush = shop.sale(buyers=60, over_s=6, always=shop.slow("orders", "payments", 1.2))
        slow = shop.sale(buyers=12, over_s=6, visitors=30, always=shop.slow("gateway", "catalog", 1.2))
    finally:
        shop.down()
    row["rush_worst_s"] = rush.slowest_buyer.elapsed_s
    return row | {"slow_shown": sum(page.status == 200 and not page.age_s for page in slow.visits), "slow": 30}


def hung(sale: Any) -> dict[str, Any]:
    """What buyers and visitors met while the catalog hung, and what it was asked meanwhile. Seconds and counts."""
    begin, end = (sale.began_at + moment for moment in HUNG)
    buyers = [one.elapsed_s for one in sale.buyers if begin <= one.asked_at < end]
    pages = [page for page in sale.visits if begin <= page.asked_at < end]
    shown = [page for page in pages if page.status == 200 and page.elapsed_s <= SHOWN_WITHIN_S]
    asked = [one.asked_at for one in sale.exchanges if (one.caller, one.callee) == ("gateway", "catalog")]
    fresh = [page.asked_at + page.elapsed_s for page in sale.visits if page.status == 200 and not page.age_s]
    return {
        "buyer_median_s": median(buyers),
        "buyer_worst_s": max(buyers),
        "visits": len(pages),
        "shown": len(shown),
        "page_median_s": median(page.elapsed_s for page in pages),
        "asked": sum(begin <= moment < end for moment in asked),
        "fresh_after_s": min((at - end for at in fresh if at >= end), default=float("inf")),
    }


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The measurements as the lesson shows them, a design a column."""
    lines = {
        "a buyer's wait while the catalog hangs, median": "{buyer_median_s:.2f} s",
        "the same, at worst": "{buyer_worst_s:.2f} s",
        "event pages shown within 2.5 s meanwhile": "{shown} of {visits}",
        "how long a visitor waited, for the page or a refusal, median": "{page_median_s:.2f} s",
        "requests to the catalog while it hung": "{asked}",
        "the first page of now, after it healed": "{fresh_after_s:.1f} s",
        "a rush on a sunny evening: the longest wait of a buyer": "{rush_worst_s:.1f} s",
        "a catalog that takes 1.2 s: pages of now": "{slow_shown} of {slow}",
        "lines added to the gateway": "{lines}",
    }
    head = ["| |", *(f" {name} |" for name in rows)]
    body = [
        f"| {what} | " + " | ".join(form.format(**row) for row in rows.values()) + " |" for what, form in lines.items()
    ]
    return "\n".join(["".join(head), "| --- |" + " --- |" * len(rows), *body]) + "\n"


def hold_what_the_lesson_says(rows: dict[str, dict[str, Any]]) -> None:
    """Raise AssertionError where a sentence beside the table is no longer true."""
    naive, deadline, pools, breaker, fallback, all_four = rows.values()
    assert (deadline["lines"], pools["lines"]) == (1, 3), "one line, and three"
    assert naive["buyer_worst_s"] > 3, "buyers wait for a catalog that they do not need"
    assert deadline["buyer_worst_s"] > 1, "a deadline alone does not keep buyers from waiting longer than a second"
    assert deadline["buyer_worst_s"] > 2 * breaker["buyer_worst_s"], "30 visitors times 1 s are more than 20 places"
    assert fallback["buyer_worst_s"] > deadline["buyer_worst_s"], "a fallback alone makes it worse"
    assert fallback["asked"] > 2 * breaker["asked"], "and still asks"
    assert max(pools["buyer_worst_s"], all_four["buyer_worst_s"]) < 1, "buyers have places of their own"
    assert min(pools["rush_worst_s"], all_four["rush_worst_s"]) > naive["rush_worst_s"] + 0.5, "and no others"
    assert breaker["shown"] < breaker["visits"] / 10, "a breaker shows no page"
    assert breaker["page_median_s"] < 0.1, "it refuses at once"
    assert (deadline["slow_shown"], pools["slow_shown"]) == (0, 30), (
        "a deadline gives up a catalog that is slow and well"
    )
    assert all_four["shown"] > 0.9 * all_four["visits"], "all four do"
    assert all_four["page_median_s"] < 0.5 < fallback["page_median_s"], "and at once"


def main() -> None:
    rows = {}
    for name in designs.DESIGNS:
        with tempfile.TemporaryDirectory() as folder:
            shop = designs.made(name, Path(folder) / "shop")
            rows[name] = measure(shop) | {"lines": designs.added_lines(shop)}
            print(name, rows[name], flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    Path(__file__).with_suffix(".md").write_text(table(rows))
    hold_what_the_lesson_says(rows)


if __name__ == "__main__":
    main()
