"""Measure the two mends of lesson 1 on the shop, and write the table that the lesson includes.

Run it as `python solutions/09-resilience/figures/mends.py`; it takes about two minutes.
"""

import difflib
import json
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from breakwater.notebook import Shop

MODULE = Path(__file__).parents[1]
NAIVE = MODULE.parents[1] / "labs" / "boxoffice"
SETTLED_AFTER_S = 10.0


def variants(into: Path) -> dict[str, Path]:
    """The three designs, each as a whole shop: nothing done, give up, settle later."""
    shops = {name: into / name for name in ("as handed to you", "give up", "settle later")}
    for folder in shops.values():
        shutil.copytree(NAIVE, folder)
    client = shops["give up"] / "orders" / "app" / "payments.py"
    client.write_text(replaced(client.read_text(), "timeout=None", "timeout=0.8"))
    shutil.copytree(MODULE / "boxoffice", shops["settle later"], dirs_exist_ok=True)
    return shops


def replaced(text: str, old: str, new: str) -> str:
    """Replace the one occurrence of `old`. Raises ValueError where there is not exactly one."""
    if text.count(old) != 1:
        raise ValueError(f"{old!r} stands {text.count(old)} times in the naive shop, not once")
    return text.replace(old, new)


def measure(folder: Path) -> dict[str, Any]:
    """Run both evenings on one shop. Seconds; counts of orders and captures."""
    shop = Shop()
    shop.up(folder)
    try:
        slow = shop.sale(72, over_s=12, weather=shop.slow("orders", "payments", 6), during=(2, 10))
        inside = [one.elapsed_s for one in slow.buyers if 2 <= one.asked_at - slow.began_at <= 10]
        time.sleep(SETTLED_AFTER_S)
        charged = wrongly_charged(shop)
        lost = shop.sale(20, over_s=4, weather=shop.losing_answers(10), during=(0.5, 4))
        time.sleep(SETTLED_AFTER_S)
        return {
            "wait_median_s": median(inside),
            "wait_worst_s": max(inside),
            "page_worst_s": slow.slowest_page_s,
            "told": slow.outcomes,
            "charged_for_nothing": charged,
            "told_lost": lost.outcomes,
            "charged_for_nothing_lost": wrongly_charged(shop),
        }
    finally:
        shop.down()


def wrongly_charged(shop: Shop) -> int:
    """How many orders the ledger finds at fault."""
    return len({order_id for breach in shop.ledger().breaches for order_id in breach.orders})


def changed_lines(folder: Path) -> int:
    """Lines that the design adds to the naive shop."""
    added = 0
    for file in sorted(folder.rglob("*.py")):
        before = NAIVE / file.relative_to(folder)
        old = before.read_text().splitlines() if before.exists() else []
        added += sum(line.startswith("+ ") for line in difflib.ndiff(old, file.read_text().splitlines()))
    return added


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The measurements as the lesson shows them, a design a column."""
    lines = {
        "a buyer's wait while payments are slow, median": "{wait_median_s:.2f} s",
        "the same, at worst": "{wait_worst_s:.2f} s",
        "slowest load of the seat page": "{page_worst_s:.2f} s",
        "the 72 buyers of that evening were told": "{told}",
        "**of them charged, and left without a ticket**": "**{charged_for_nothing}**",
        "with ten answers lost, 20 buyers were told": "{told_lost}",
        "**of them charged, and left without a ticket **": "**{charged_for_nothing_lost}**",
        "lines added to the shop": "{lines}",
    }
    head = ["| |", *(f" {name} |" for name in rows)]
    body = [
        f"| {what} | " + " | ".join(form.format(**row) for row in rows.values()) + " |" for what, form in lines.items()
    ]
    return "\n".join(["".join(head), "| --- |" + " --- |" * len(rows), *body]).replace("ticket **", "ticket**") + "\n"


def hold_what_the_lesson_says(rows: dict[str, dict[str, Any]]) -> None:
    """Raise AssertionError where a sentence beside the table is no longer true."""
    naive, give_up, settle = rows["as handed to you"], rows["give up"], rows["settle later"]
    assert naive["told"] == "72 × 201", "everybody waited, and everybody got a ticket"
    assert f"{give_up['charged_for_nothing']} × 503" in give_up["told"], "who was told 503 had paid"
    assert not settle["charged_for_nothing"] + settle["charged_for_nothing_lost"], "settling later loses no money"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = {}
        for name, shop in variants(Path(folder)).items():
            rows[name] = {**measure(shop), "lines": changed_lines(shop)}
            print(name, rows[name], flush=True)
    hold_what_the_lesson_says(rows)
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    Path(__file__).with_suffix(".md").write_text(table(rows))


if __name__ == "__main__":
    main()
