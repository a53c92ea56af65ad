"""What the ledger takes for a sale of many orders, and what it finds on a day without faults.

The naive shop is given a hall with a seat for every order. Of each hundred purchases, ninety get their seat, five are
declined (their seat is asked for again by nobody) and five come for a seat that is sold. Then the ledger judges, as
`course ledger` does. A breach that no listed flaw explains (`breaks` in solutions/flaws.toml) ends in status 1.
    python -m bench.ledger --orders 10000 --json
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import _stores
from breakwater import ledger, paths
from breakwater.buyer import DECLINED_CARD, GOOD_CARD, Answer, Buyer
from breakwater.engines import ShopSpec
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.ledger.judge import find

EVENT, PRICE_CENTS = "large-hall", 4500
AT_ONCE = 16
KIB = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000, help="how many purchases there are")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    os.environ["BREAKWATER_LAUNCHER"] = "plain"
    with tempfile.TemporaryDirectory(prefix="bw-", dir="/tmp") as state:
        engine = EmbeddedEngine(ShopSpec(paths.BOXOFFICE, Path(state) / "s"), lease=True)
        engine.up()
        try:
            figures = asyncio.run(measured(engine, options.orders))
        finally:
            engine.down()
    print(json.dumps(figures, indent=2) if options.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))
    sys.exit(1 if figures["unlisted"] else 0)


async def measured(engine: EmbeddedEngine, count: int) -> dict[str, Any]:
    """Sell, judge, and say what each took: seconds, milliseconds an order, MiB."""
    prices = await open_hall(engine, count)
    async with Buyer(engine.endpoint("gateway"), patience_s=30.0) as buyer:
        begun = time.perf_counter()
        await sell(buyer, count)
        sold = time.perf_counter()
        before = memory_mib()
        books = ledger.Ledger(engine, buyer, ledger.load(), prices=prices)
        case = await books.look()
        looked = time.perf_counter()
        findings = find(case.record, ledger.load())
        found = time.perf_counter()
        breaches = ledger.judge(case, ledger.load())
    broken = Counter(finding.law.name for finding in findings)
    return {
        "purchases": count,
        "told": dict(Counter(answer.told for answer in buyer.told)),
        "orders_looked_at": len(case.record.orders),
        "exchanges": len(case.exchanges),
        "sale_s": round(sold - begun, 1),
        "look_s": round(looked - sold, 1),
        "look_ms_per_order": round((looked - sold) * 1000 / len(case.record.orders), 2),
        "judge_s": round(found - looked, 3),
        "memory_mib_before": before,
        "memory_mib_peak": memory_mib(),
        "breaches": dict(broken),
        "unlisted": sorted(set(broken) - listed()),
        "first": [breaches[0].what, breaches[0].interleaving] if breaches else [],
    }


async def open_hall(engine: EmbeddedEngine, seats: int) -> dict[ledger.Seat, int]:
    """An event with so many seats, straight into the shop's store; returns what each costs."""
    names = [f"S{n}" for n in range(seats)]
    statement = "INSERT INTO seats (event, seat, price_cents) SELECT $1, seat, $2 FROM unnest($3::text[]) AS seat"
    await _stores.sql(engine, "seats", statement, EVENT, PRICE_CENTS, names)
    return {(EVENT, name): PRICE_CENTS for name in names}


async def sell(buyer: Buyer, count: int) -> None:
    """All purchases, a few at a time."""
    purchases = iter(range(count))

    async def come(purchases: Iterator[int]) -> None:
        for n in purchases:
            await purchase(buyer, n)

    await asyncio.gather(*(come(purchases) for _ in range(AT_ONCE)))


async def purchase(buyer: Buyer, n: int) -> Answer:
    """The n-th purchase: of its own seat, with a card that is declined, or of a seat that was sold before."""
    kind = n % 100
    seat = n - 50 if kind >= 95 and n >= 100 else n
    card = DECLINED_CARD if 90 <= kind < 95 else GOOD_CARD
    return await buyer.buy(f"S{seat}", event=EVENT, card=card)


def listed() -> set[str]:
    """The invariants that the listed flaws break on a day without faults."""
    flaws = tomllib.loads((paths.SOLUTIONS / "flaws.toml").read_text())["flaw"]
    return {name for flaw in flaws for name in flaw.get("breaks", ())}


def memory_mib() -> float:
    """The most memory that this process has had so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB, 1)


if __name__ == "__main__":
    main()
