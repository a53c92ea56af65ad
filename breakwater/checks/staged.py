"""The fixture `stage`: an image runs as `orders` among neighbours of ours, and what it does is seen from outside."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest

from breakwater.buyer import Answer, Buyer
from breakwater.checks.fixtures import JUDGE
from breakwater.checks.images import Image, Shown
from breakwater.checks.scene import Scene
from breakwater.engines import daemon, readiness
from breakwater.engines.trial.engine import ImagesEngine
from breakwater.engines.trial.stage import CannotRun, Stage
from breakwater.engines.trial.subject import KILLED, Subject

READY_S = 45.0
ASKED_S = 15.0
POLL_S = 0.2


@dataclass
class Running:
    """A service's container on the stage, its buyers, and the name by which it is told of."""

    subject: Subject
    buyer: Buyer
    scene: Scene
    seats: Iterator[str]

    async def buy(self, *, patience_s: float = 10.0) -> Answer:
        """One buyer asks for one seat, of the service itself."""
        return await self.buyer.buy(next(self.seats), patience_s=patience_s)

    async def sells(self, count: int = 1, *, when: str, within_s: float = 5.0) -> list[Answer]:
        """`count` buyers at once who must all be sold their seat: told 201, or 202 and confirmed in time."""
        answers = list(await asyncio.gather(*(self.buy() for _ in range(count))))
        for answer in answers:
            if not await self._is_sold(answer, within_s):
                raise Shown(f"{when}, a buyer was told {answer.told}", await self.subject.last_lines())
        return answers

    async def _is_sold(self, answer: Answer, within_s: float) -> bool:
        if answer.trouble or answer.status not in (201, 202):
            return False
        deadline = monotonic() + within_s
        while answer.status == 202 and answer.order_id:
            order = await self.buyer.order(answer.order_id)
            if order.ended or monotonic() > deadline:
                return order.status == "confirmed"
            await asyncio.sleep(POLL_S)
        return answer.status == 201

    async def turns(self, health: str, within_s: float, *, when: str) -> float:
        """Wait until Docker says that it is `healthy`, or `unhealthy`; return the seconds that it took.

        Raises Observed where it does not within so many.
        """
        begun = monotonic()
        while (said := await self.subject.health()) != health:
            if said == "ended":
                how = daemon.how_it_ended(self.subject.container)
                raise Shown(f"{when}, the container {how}", await self.subject.last_lines())
            if not said:
                raise Shown(f"{when}, Docker knows nothing of the container's health: the image has no health check")
            if monotonic() - begun > within_s:
                raise Shown(f"{when}, the container was {said} after {within_s:.0f} s, and not {health}")
            await asyncio.sleep(POLL_S)
        took_s = monotonic() - begun
        self.scene.note(f"{when}: {health}", took_s, within_s)
        return took_s

    async def users(self) -> list[str]:
        """The users of its processes, as the daemon's machine counts them."""
        return list(await daemon.asked(self.subject.users))

    async def holds(self, *, when: str) -> None:
        """Raise Observed unless it runs, and none of its processes was ended for its memory."""
        if await self.subject.was_out_of_memory():
            lines = await self.subject.last_lines()
            raise Shown(f"{when}, the kernel ended a process of the container: it used more memory than it may", lines)
        if (await self.subject.state())["Status"] != "running":
            how = daemon.how_it_ended(self.subject.container)
            raise Shown(f"{when}, the container {how}", await self.subject.last_lines())

    async def stop(self, grace_s: int) -> float:
        """Stop it, SIGKILL after `grace_s`; raise Observed if that was needed. Returns the seconds that it took."""
        took_s = await self.subject.stop(grace_s)
        if self.subject.status == KILLED:
            late = f"{took_s:.0f} s after SIGTERM the container still ran, and was killed (its grace: {grace_s} s)"
            raise Shown(late, await self.subject.last_lines())
        return took_s


class OnStage:
    """The stage of a check."""

    def __init__(self, engine: ImagesEngine, scene: Scene) -> None:
        self._engine, self._scene = engine, scene
        self._buyers: list[Buyer] = []
        self._seats = (f"S{number}" for number in itertools.count(1))

    async def start(self, image: Image, *, when: str = "in a container", **how: Any) -> Running:
        """Run an image as `orders`, and return when it is ready. `how` is what `Stage.start` takes.

        Raises Observed where its migrations do not run, or it is not ready in time.
        """
        stage = await self._engine.stage()
        try:
            subject = await stage.start(image.id, **how)
        except CannotRun as error:
            raise Shown(f"{when}, {error}", error.last_lines[-4:]) from None
        self._buyers.append(Buyer(stage.door))
        running = Running(subject, self._buyers[-1], self._scene, self._seats)
        await self._until_ready(stage, running, when)
        return running

    async def roots_user(self) -> str:
        """Whom root is in a container here, as `users` counts: seen at a container of ours that is root's."""
        return str(await daemon.asked((await self._engine.stage()).roots_user))

    @asynccontextmanager
    async def payments_held(self) -> AsyncIterator[Callable[..., Awaitable[None]]]:
        """While the context lasts payments answers nobody.

        What it gives is called with the tasks of buyers: it returns when payments has been asked for each of them, or
        whoever it was not asked for has been answered; it raises Observed where that takes long.
        """
        stage = await self._engine.stage()
        since = await stage.payments_asked()
        await stage.hold_payments()

        async def asked(*buyers: "asyncio.Task[Answer]") -> None:
            deadline = monotonic() + ASKED_S
            while (seen := await stage.payments_asked() - since) + sum(task.done() for task in buyers) < len(buyers):
                if monotonic() > deadline:
                    raise Shown(f"of {len(buyers)} buyers, {seen} had their payment asked for after {ASKED_S:.0f} s")
                await asyncio.sleep(POLL_S / 4)

        try:
            yield asked
        finally:
            await stage.let_payments()

    @asynccontextmanager
    async def database_gone(self) -> AsyncIterator[None]:
        """While the context lasts nobody listens at the database's port."""
        stage = await self._engine.stage()
        await stage.stop_database()
        yield
        await stage.bring_database()

    @asynccontextmanager
    async def database_hanging(self) -> AsyncIterator[None]:
        """While the context lasts the database accepts connections, and answers none."""
        stage = await self._engine.stage()
        await stage.hang_database()
        yield
        await stage.bring_database()

    async def close(self) -> None:
        for buyer in self._buyers:
            await buyer.__aexit__(None, None, None)

    async def _until_ready(self, stage: Stage, running: Running, when: str) -> None:
        port = urlsplit(stage.door).port or 0
        deadline, said = monotonic() + READY_S, "nothing listened at its port"
        while monotonic() < deadline:
            if not (said := await readiness.ask_once(port)):
                return
            await running.holds(when=when)
            await asyncio.sleep(POLL_S)
        late = f"{when}, orders was not ready after {READY_S:.0f} s: {said}"
        raise Shown(late, await running.subject.last_lines())


@pytest.fixture
async def stage(scene: Scene, request: pytest.FixtureRequest) -> AsyncIterator[OnStage]:
    found = OnStage(request.config.stash[JUDGE].engine, scene)
    yield found
    await found.close()
