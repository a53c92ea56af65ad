"""How the provider behaves: it can be slow, refuse, hang, or capture and lose the answer.

None of it is the shop's doing, and all of it happens to shops. The judge sets it through the controls.
"""

import asyncio
import random
import socket
import struct
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from .problems import Problem

LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)


class Behaviour(BaseModel):
    """What the provider does to requests from now on; the default is a sunny day.

    latency_s: how long a request waits before it is worked on, whether or not its caller waits too; until the behaviour
    changes, at the longest.
    capture_latency_s: how much longer than that a capture waits, and nothing else does.
    hang: requests wait until this is false again; a caller that leaves takes its request along.
    fail: the share of requests that are refused with 503 before anything is done.
    lose_answers: the next so many captures are made (or found by their key), and their answer never arrives:
    the connection is reset, or nothing comes.
    """

    model_config = ConfigDict(extra="forbid")

    latency_s: float = Field(default=0, ge=0)
    capture_latency_s: float = Field(default=0, ge=0)
    hang: bool = False
    fail: float = Field(default=0, ge=0, le=1)
    lose_answers: int = Field(default=0, ge=0)
    lose_how: Literal["reset", "hang"] = "reset"


class Gone(Exception):
    """The caller has left, or its line was cut: no answer can reach it."""


class Weather:
    """The behaviour in force, and what it does to the requests that come."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self._changed = asyncio.Event()
        self._era = 0

    def change(self, behaviour: Behaviour, *, new_era: bool = False) -> None:
        """Behave so from now on. A new era forgets the requests of the old one: their lines are cut."""
        self.behaviour = behaviour
        self._era += new_era
        self._changed.set()
        self._changed = asyncio.Event()

    async def hold(self, request: Request, *, captures: bool = False) -> None:
        """Keep a request waiting as the behaviour says. Raises Gone, or the Problem that it is refused with."""
        era = self._era
        late_s = self.behaviour.latency_s + (self.behaviour.capture_latency_s if captures else 0)
        if late_s:
            await _first(asyncio.sleep(late_s), self._changed.wait())
        while self.behaviour.hang and era == self._era:
            await _first(self._changed.wait(), _left(request))
        if era != self._era:
            await _cut(request)
        if random.random() < self.behaviour.fail:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "The provider is out of order; nothing was done.")

    async def maybe_lose_the_answer(self, request: Request) -> None:
        """Let this answer get lost if one is due. Raises Gone, once the caller is."""
        if not self.behaviour.lose_answers:
            return
        self.behaviour.lose_answers -= 1
        await (_cut if self.behaviour.lose_how == "reset" else _left)(request)


async def _first(*waits: Coroutine[Any, Any, Any]) -> None:
    """Return or raise with the first of these that ends; the others are cancelled."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


async def _left(request: Request) -> None:
    """Wait until the caller has gone; then raise Gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise Gone


async def _cut(request: Request) -> None:
    """Reset the connection without an answer; then raise Gone."""
    # ASGI has no word for this; uvicorn's `receive` is a method of the object that owns the connection.
    transport: asyncio.Transport = request.receive.__self__.transport  # type: ignore[attr-defined]
    if not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT_AT_ALL)
        transport.abort()
    await _left(request)
