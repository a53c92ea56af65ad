"""A service behind the gateway."""

import asyncio
import json
import time
from http import HTTPStatus
from typing import Any

import httpx
from fastapi import Response

from . import logs
from .breaker import Breaker, Resting
from .problems import Problem

# Each question to a service behind takes a place for as long as the answer takes, whatever it is about.
places = asyncio.Semaphore(20)
PASSED_BACK = ("content-type", "location", "retry-after")
PATIENCE_S = {"catalog": 1.0}  # nobody else has a deadline this evening
TRIPS_AFTER, RESTS_S = 5, 1.0


class Backend:
    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._client = httpx.AsyncClient(base_url=url, timeout=None, event_hooks={"request": [logs.pass_on]})
        self._breaker = Breaker(TRIPS_AFTER, RESTS_S, time.monotonic)

    async def ask(self, method: str, path: str, body: Any = None) -> Response:
        """Forward a request and return the answer as it came. Raises a Problem if none did: 502, or 503 at once."""
        try:
            answer = await self._breaker.ask(lambda: self._request(method, path, body))
        except Resting as error:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{self._name} is left alone for a while.") from error
        except (TimeoutError, httpx.HTTPError) as error:
            raise Problem(HTTPStatus.BAD_GATEWAY, f"No answer came from {self._name}: nothing is known.") from error
        headers = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
        return Response(answer.content, answer.status_code, headers)

    async def _request(self, method: str, path: str, body: Any) -> httpx.Response:
        async with asyncio.timeout(PATIENCE_S.get(self._name)), places:
            return await self._client.request(method, path, json=body)

    async def fetch(self, path: str) -> Any:
        """Return what is found there; None for a 404. Raises a 502 Problem if anything else came, or nothing."""
        answer = await self.ask("GET", path)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if answer.status_code != HTTPStatus.OK:
            raise Problem(HTTPStatus.BAD_GATEWAY, f"{self._name} answered {answer.status_code}: nothing is known.")
        return json.loads(answer.body)

    async def close(self) -> None:
        await self._client.aclose()
