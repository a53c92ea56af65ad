"""The memory of a shop's services, and by how much it grows."""

import asyncio
import time
from collections.abc import Mapping

from breakwater.checks.scene import Observed
from breakwater.engines import Engine, ServiceStatus
from breakwater.errors import EngineTrouble
from breakwater.footprint import Footprint

LOOK_EVERY_S = 0.2
STILL_S = 1.0  # who has not run for so long waits for somebody
STILL_SHARE = 0.05  # of a processor, that a service has for its own housekeeping
STILL_MB = 0.3  # between two looks


class Footprints:
    """Looks at the services of one shop, each run by one process and its children."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self, *services: str) -> dict[str, Footprint]:
        """What each of these services takes now.

        Raises:
            Observed: one has ended.
            EngineTrouble: it cannot be seen.
        """
        rows = {row.name: row for row in self._engine.status()}
        return {name: _look(name, rows.get(name)) for name in services}

    async def grown(
        self, before: Mapping[str, Footprint], *, enough_mb: float = float("inf"), within_s: float
    ) -> dict[str, float]:
        """By how many megabytes each has grown at most since `before`.

        Returns when all of them have stood still for a second (neither ran nor grew), and so wait for somebody; when
        one has grown by `enough_mb`; or after `within_s` seconds. Raises as `now`.
        """
        most = dict.fromkeys(before, 0.0)
        seen, moved_at = dict(before), time.monotonic()
        deadline = moved_at + within_s
        while time.monotonic() < min(deadline, moved_at + STILL_S) and max(most.values()) < enough_mb:
            looked_at = time.monotonic()
            await asyncio.sleep(LOOK_EVERY_S)
            now = await asyncio.to_thread(self.now, *before)
            passed_s = time.monotonic() - looked_at
            most = {name: max(most[name], now[name].memory_mb - before[name].memory_mb) for name in before}
            if any(_has_moved(seen[name], now[name], passed_s) for name in before):
                moved_at = time.monotonic()
            seen = now
        return most


def _look(name: str, row: ServiceStatus | None) -> Footprint:
    if row and row.state == "exited":
        raise Observed(f"{name} ended in the middle")
    if not (row and row.pid):
        raise EngineTrouble(f"{name} has no process that could be looked at.")
    return Footprint.of(row.pid)


def _has_moved(before: Footprint, after: Footprint, passed_s: float) -> bool:
    return after.ran_s - before.ran_s > STILL_SHARE * passed_s or after.memory_mb - before.memory_mb > STILL_MB
