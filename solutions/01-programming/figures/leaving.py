"""Measure what is done for visitors who leave (lesson 2), and write the table that it includes.

Run it as `python solutions/01-programming/figures/leaving.py`; it takes about a minute.
"""

import asyncio
import json
import random
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import designs

from breakwater.buyer import answered_at
from breakwater.checks.http import Heard, Http
from breakwater.engines import Engine
from breakwater.notebook import Shop
from breakwater.notebook._loop import wait_for

VISITORS, A_SECOND, LATE_S = 72, 12, 0.5
PATIENCE_S = (0.3, 3.0)
PATH = "/events/opening-night/offer"
LINES = {
    "visitors who got their offer": "{served} of {visitors}",
    "their wait, in the median": "{wait_s:.2f} s",
    "questions that the gateway asked": "{asked}",
    "of them asked, or still waited for, when nobody was there": "{for_nobody}",
    "seconds for which places were held for nobody": "{held_s:.0f} s",
    "lines of Python": "{lines}",
}


async def crowd(engine: Engine) -> list[Heard]:
    draw = random.Random("leaving")
    async with Http(engine) as http:

        async def come(number: int, patience_s: float) -> Heard:
            await asyncio.sleep(number / A_SECOND)
            return await http.get("gateway", PATH, patience_s=patience_s)

        return await asyncio.gather(*(come(number, draw.uniform(*PATIENCE_S)) for number in range(VISITORS)))


def measure(folder: Path) -> dict[str, Any]:
    shop = Shop()
    shop.up(folder)
    try:
        engine = shop._running()
        with ExitStack() as weather:
            for callee in ("catalog", "inventory", "pricing"):
                weather.enter_context(shop.slow("gateway", callee, latency_s=LATE_S).lasts(engine))
            heard = wait_for(crowd(engine))
            wait_for(asyncio.sleep(4 * LATE_S))  # until what goes on for nobody is over as well
            trace = engine.trace()
    finally:
        shop.down()
    served = [each for each in heard if each.status == 200]
    left_at = {each.request_id: answered_at(each) for each in heard if each.status is None}
    asked = [each for each in trace if each.caller == "gateway"]
    nobody = [
        min(each.answered_at or over, over) - max(each.asked_at, left_at[each.request_id])
        for each in asked
        if each.request_id in left_at
        and (over := each.left_at or each.answered_at or max(left_at.values()) + 4 * LATE_S)
        and min(each.answered_at or over, over) > left_at[each.request_id] + 0.05
    ]
    return {
        "visitors": VISITORS,
        "served": len(served),
        "wait_s": median(each.elapsed_s for each in served),
        "asked": len(asked),
        "for_nobody": len(nobody),
        "held_s": sum(nobody),
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
