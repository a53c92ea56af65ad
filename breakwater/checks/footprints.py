"""The memory of a shop's services, and by how much it grows."""

import asyncio
import time
from collections.abc import Mapping

from breakwater.engines import Engine
from breakwater.errors import EngineTrouble
from breakwater.footprint import Footprint

LOOK_EVERY_S = 0.2
STILL_S = 1.0  # who has not run for so long waits for somebody
STILL_SHARE = 0.05  # of a processor, that a service has for its own housekeeping


class Footprints:
    """Looks at the services of one shop, each run by one process and its children."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self, *services: str) -> dict[str, Footprint]:
        """What each of these services takes now. Raises EngineTrouble where that cannot be seen."""
        pids = {row.name: row.pid for row in self._engine.status()}
        gone = [name for name in services if not pids.get(name)]
        if gone:
            raise EngineTrouble(f"{gone[0]} has no process that could be looked at.")
        return {name: Footprint.of(pids[name] or 0) for name in services}

    async def grown(
        self, before: Mapping[str, Footprint], *, enough_mb: float = float("inf"), within_s: float
    ) -> dict[str, float]:
        """By how many megabytes each has grown at most since `before`.

        Returns when all of them have stood still for a second, and so wait for somebody; when one has grown by
        `enough_mb`; or after `within_s` seconds.
        """
        most = dict.fromkeys(before, 0.0)
        seen, moved_at = dict(before), time.monotonic()
        deadline = moved_at + within_s
        while time.monotonic() < min(deadline, moved_at + STILL_S) and max(most.values()) < enough_mb:
            await asyncio.sleep(LOOK_EVERY_S)
            now = await asyncio.to_thread(self.now, *before)
            most = {name: max(most[name], now[name].memory_mb - before[name].memory_mb) for name in before}
            if any(now[name].ran_s - seen[name].ran_s > STILL_SHARE * LOOK_EVERY_S for name in before):
                moved_at = time.monotonic()
            seen = now
        return most
