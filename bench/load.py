"""How much load the generators make before they are themselves the bottleneck: the open loop, and Locust beside it.

Both meet the same gateway, which answers at once. The open loop's ceiling is the highest rate, of a ladder, at which it
does not call itself saturated; Locust's is what its users ask when none of them thinks. Each is one process, and the
gateway is another: on a machine with other work, or with one core, the figures are lower.
    python -m bench.load --json
"""

import argparse
import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from bench._gateway import running
from breakwater.buyer import Buyer
from breakwater.load import closed, opened
from breakwater.load.run import Run
from breakwater.load.traffic import Visit

LADDER = (50, 100, 150, 200, 300, 400, 600, 800, 1200)
LOCUSTFILE = """
from locust import {user}, constant, task

class Looks({user}):
    wait_time = constant(0)

    @task
    def browse(self):
        self.client.get("/events/opening-night/seats", name="browse")
"""


async def browse(visit: Visit) -> None:
    """One look at the seats."""
    await visit.ask("browse", visit.buyer.seats())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each load lasts")
    parser.add_argument("--users", type=int, default=20, help="Locust's users")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.seconds, options.users))
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, figure in figures.items():
        print(name, figure)


async def measure(seconds: float, users: int) -> dict[str, Any]:
    """Requests a second of each generator, its own lateness included, and their ratio."""
    with running() as url:
        opening = await open_loop(url, seconds)
        locust = {user: await closed_loop(url, user, users, seconds) for user in ("HttpUser", "FastHttpUser")}
    return {
        "load_before": os.getloadavg()[0],
        "open_loop_requests_per_s": opening,
        "locust_requests_per_s": locust,
        "open_to_locust": round(opening["ceiling"] / locust["HttpUser"], 2),
    }


async def open_loop(url: str, seconds: float) -> dict[str, Any]:
    """Climb the ladder until the generator calls itself the bottleneck."""
    ceiling, p99_s = 0.0, 0.0
    for rate in LADDER:
        async with Buyer(url) as buyer:
            run = await opened.drive(_Nothing(), buyer, rate=rate, seconds=seconds, traffic=browse)
        if run.saturated:
            return {"ceiling": ceiling, "p99_s_there": p99_s, "saturated_at": rate, "said": run.saturated}
        ceiling, p99_s = round(_asked_per_s(run), 1), run.of().p99_s
    return {"ceiling": ceiling, "p99_s_there": p99_s, "saturated_at": None, "said": ""}


async def closed_loop(url: str, user: str, users: int, seconds: float) -> float:
    """What Locust's users ask a second."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "locustfile.py"
        file.write_text(LOCUSTFILE.format(user=user))
        async with Buyer(url) as buyer:
            run = await closed.drive(_Nothing(), buyer, file, users=users, seconds=seconds)
    return round(_asked_per_s(run), 1)


def _asked_per_s(run: Run) -> float:
    return len(run.samples) / run.seconds


class _Nothing:
    """In the place of an engine, where no fault is injected."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


if __name__ == "__main__":
    main()
