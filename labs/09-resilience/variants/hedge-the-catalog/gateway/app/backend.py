"""A service behind the gateway."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

import httpx
from fastapi import Response

from . import logs
from .hedged import hedged
from .problems import Problem

# Each question to a service behind takes a place for as long as the answer takes, whatever it is about.
places = asyncio.Semaphore(20)
PASSED_BACK = ("content-type", "location", "retry-after")
AFTER_S = 0.1  # most answers of the catalog have come by then
HEDGES_A_QUESTION, TO_BEGIN_WITH = 0.1, 5


class Backend:
    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._client = httpx.AsyncClient(base_url=url, timeout=None, event_hooks={"request": [logs.pass_on]})
        self._questions = self._hedges = 0

    async def ask(self, method: str, path: str, body: Any = None) -> Response:
        """Forward a request and return the answer as it came. Raises a 502 Problem if none did."""
        self._questions += 1

        def may_hedge() -> bool:
            """What changes nothing may be asked twice, as long as few are: one question in ten."""
            allowed = method == "GET" and self._hedges < TO_BEGIN_WITH + HEDGES_A_QUESTION * self._questions
            self._hedges += allowed
            return allowed

        try:
            answer = await hedged(lambda: self._request(method, path, body), AFTER_S, may_hedge)
        except httpx.HTTPError as error:
            raise Problem(HTTPStatus.BAD_GATEWAY, f"No answer came from {self._name}: nothing is known.") from error
        headers = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
        return Response(answer.content, answer.status_code, headers)

    async def _request(self, method: str, path: str, body: Any) -> httpx.Response:
        async with places:
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
