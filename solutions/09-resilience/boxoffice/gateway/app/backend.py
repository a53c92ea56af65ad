"""A service behind the gateway."""

import asyncio
from http import HTTPStatus
from typing import Any

import httpx
from fastapi import Response

from . import logs
from .problems import Problem

DEADLINE_S = 2.4  # more than orders allows itself, so that it can tell what it knows
PASSED_BACK = ("content-type", "location", "retry-after")


class Backend:
    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._client = httpx.AsyncClient(base_url=url, timeout=None, event_hooks={"request": [logs.pass_on]})

    async def ask(self, method: str, path: str, body: Any = None) -> Response:
        """Forward a request and return the answer as it came. Raises a 502 or 504 Problem if none did."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer = await self._client.request(method, path, json=body)
        except TimeoutError as error:
            raise Problem(HTTPStatus.GATEWAY_TIMEOUT, f"{self._name} is silent: nothing is known.") from error
        except httpx.HTTPError as error:
            raise Problem(HTTPStatus.BAD_GATEWAY, f"No answer came from {self._name}: nothing is known.") from error
        headers = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
        return Response(answer.content, answer.status_code, headers)

    async def close(self) -> None:
        await self._client.aclose()
