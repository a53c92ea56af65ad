"""Measure what brings a shop back after the second wave (lesson 3), and write the table that the lesson includes.

Run it as `python solutions/09-resilience/figures/waves.py`; it takes about six minutes.
"""

import json
from pathlib import Path
from typing import Any

from budget import RetryBudget

from breakwater.notebook import Shop

FOUR_LINES, AT_ONCE = "09-resilience/four-lines", "09-resilience/retry-at-once"
BUDGET = "09-resilience/retry-within-a-budget"
DESIGNS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "retry at once": ([AT_ONCE], {}),
    "with backoff and jitter": (["09-resilience/retry-with-jitter"], {}),
    "pass the deadline on": ([AT_ONCE, "09-resilience/pass-the-deadline-on"], {}),
    "retry budget": ([BUDGET], {"orders/app/budget.py": RetryBudget}),
    "short queue": ([AT_ONCE, "09-resilience/short-queue"], {}),
}
RUNS = 2


def measure(over: list[str], mine: dict[str, Any]) -> dict[str, Any]:
    """One evening: the share of later buyers who were sold a seat; tickets, answers, requests a buyer."""
    shop = Shop()
    shop.up(over=[FOUR_LINES, *over], mine=mine)
    try:
        evening = shop.sale(
            buyers=180,
            over_s=30,
            always=shop.slow("payments", "provider", 0.3),
            weather=shop.faults.hang("payments", "provider"),
            during=(4, 7),
        )
        return {
            "sold_afterwards": evening.sold_afterwards,
            "sold": sum(one.status == 201 for one in evening.buyers),
            "answers": sum(one.callee == "provider" and one.status == 201 for one in evening.exchanges),
            "attempts": evening.attempts_per_buyer("orders", "payments"),
        }
    finally:
        shop.down()


def table(rows: dict[str, list[dict[str, Any]]]) -> str:
    """The measurements as the lesson shows them, a design a row; where runs differ, from the least to the most."""
    head = "| | sold a seat, of those who came later | requests to payments a buyer | answers *paid*, and tickets |"
    body = [
        f"| {name} | {_range(runs, 'sold_afterwards', 100)} % | {_range(runs, 'attempts', 1, 1)} | "
        f"{_range(runs, 'answers')}, {_range(runs, 'sold')} |"
        for name, runs in rows.items()
    ]
    return "\n".join([head, "| --- | --- | --- | --- |", *body]) + "\n"


def _range(runs: list[dict[str, Any]], key: str, times: float = 1, digits: int = 0) -> str:
    values = sorted({f"{run[key] * times:.{digits}f}" for run in runs}, key=float)
    return values[0] if len(values) == 1 else f"{values[0]} to {values[-1]}"


def hold_what_the_lesson_says(rows: dict[str, list[dict[str, Any]]]) -> None:
    """Raise AssertionError where a sentence beside the table is no longer true."""
    later = {name: [run["sold_afterwards"] for run in runs] for name, runs in rows.items()}
    for name in ("retry at once", "with backoff and jitter"):
        assert max(later[name]) < 0.3, f"{name} does not bring the shop back"
    for name in ("retry budget", "short queue"):
        assert min(later[name]) > 0.6, f"{name} brings the shop back"
    assert max(later["pass the deadline on"]) < min(later["retry budget"]), "it is weaker than either"


def main() -> None:
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, (over, mine) in DESIGNS.items():
        rows[name] = [measure(over, mine) for _ in range(RUNS)]
        print(name, rows[name], flush=True)
    hold_what_the_lesson_says(rows)
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    Path(__file__).with_suffix(".md").write_text(table(rows))


if __name__ == "__main__":
    main()
