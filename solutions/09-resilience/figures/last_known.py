"""What the catalog last said of each event, for the time in which it says nothing."""

import math
import time

from fastapi import Response

from .backend import Backend
from .problems import Problem


class LastKnown:
    def __init__(self, catalog: Backend) -> None:
        self._catalog = catalog
        self._pages: dict[str, tuple[Response, float]] = {}

    async def page(self, event: str) -> tuple[Response, int]:
        """Return what the catalog says of an event, and the seconds since it said so. Raises a Problem."""
        asked_at = time.monotonic()
        try:
            about = await self._catalog.ask("GET", f"/events/{event}")
        except Problem:
            if event not in self._pages:
                raise
            about, said_at = self._pages[event]
            return about, math.ceil(time.monotonic() - said_at)
        if about.status_code == 200:
            self._pages[event] = about, asked_at
        return about, 0
