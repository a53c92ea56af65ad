"""The catalog, as the gateway sees it. What it last said of an event is kept, for when it cannot be asked."""

import time
from http import HTTPStatus

from fastapi import Response

from .backend import Backend
from .problems import Problem


class Catalog(Backend):
    def __init__(self, url: str, *, deadline_s: float, places: int) -> None:
        super().__init__("catalog", url, deadline_s=deadline_s, places=places)
        # By event: the answer, and when it was asked for. Never more than there are events: others are not found.
        self._last_said: dict[str, tuple[Response, float]] = {}

    async def event(self, name: str) -> Response:
        """Return what the catalog says of an event; while it cannot be asked what it last said, marked by `Age`.

        Raises a Problem (5xx) if it cannot be asked, and nothing is known.
        """
        asked_at = time.monotonic()
        try:
            answer = await self.ask("GET", f"/events/{name}")
            if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise Problem(HTTPStatus(answer.status_code), "The catalog has trouble of its own.")
        except Problem:
            if name not in self._last_said:
                raise
            return self._from_memory(name)
        if answer.status_code == HTTPStatus.OK:
            self._last_said[name] = answer, asked_at
        else:
            self._last_said.pop(name, None)
        return answer

    def _from_memory(self, name: str) -> Response:
        answer, asked_at = self._last_said[name]
        age_s = int(time.monotonic() - asked_at)
        return Response(answer.body, answer.status_code, {"Age": str(age_s)}, answer.media_type)
