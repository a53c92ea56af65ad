"""A service behind the gateway."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

import httpx
from fastapi import Response

from . import logs
from .problems import Problem

PASSED_BACK = ("content-type", "location", "retry-after")


class Backend:
    """Answers within `deadline_s`, and has `places` of its own: who waits for it takes nothing from the others."""

    def __init__(self, name: str, url: str, *, deadline_s: float, places: int) -> None:
        self._name, self._deadline_s, self._places = name, deadline_s, asyncio.Semaphore(places)
        self._client = httpx.AsyncClient(base_url=url, timeout=None, event_hooks={"request": [logs.pass_on]})

    async def ask(self, method: str, path: str, body: Any = None) -> Response:
        """Forward a request and return the answer as it came. Raises a 502 or 504 Problem if none did."""
        try:
            async with asyncio.timeout(self._deadline_s), self._places:
                answer = await self._client.request(method, path, json=body)
        except TimeoutError as error:
            raise Problem(HTTPStatus.GATEWAY_TIMEOUT, f"{self._name} is silent: nothing is known.") from error
        except httpx.HTTPError as error:
            raise Problem(HTTPStatus.BAD_GATEWAY, f"No answer came from {self._name}: nothing is known.") from error
        headers = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
        return Response(answer.content, answer.status_code, headers)

    async def fetch(self, path: str) -> Any:
        """Return what is found there; None for a 404. Raises a Problem (5xx) if anything else came, or nothing."""
        answer = await self.ask("GET", path)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if answer.status_code != HTTPStatus.OK:
            raise Problem(HTTPStatus.BAD_GATEWAY, f"{self._name} answered {answer.status_code}: nothing is known.")
        return json.loads(answer.body)

    async def close(self) -> None:
        await self._client.aclose()
