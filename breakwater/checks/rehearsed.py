"""The fixture `composition`: the learner's `compose.yaml`, brought up by Compose with actors in the services' places.

Compose, the networks, the limits and the replicas are real; see `breakwater.engines.trial.rehearsal`.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any

import pytest

from breakwater.checks.fixtures import JUDGE
from breakwater.checks.images import Shown
from breakwater.engines.trial.engine import ImagesEngine
from breakwater.engines.trial.rehearsal import DidNotComeUp, Order, Rehearsal, Start
from breakwater.errors import EngineTrouble

WHO = {"postgres": "the database"}
TIMES, PAUSE_S = 3, 0.3
REACHED_S = 4.0


class Composition:
    """A shop's composition, up, with everybody well; `started` is another way up."""

    def __init__(self, engine: ImagesEngine) -> None:
        self._engine = engine

    @property
    def services(self) -> list[str]:
        """The shop's own services that run on, without jobs and servers, in the order of the file."""
        assert self._engine.description, "the engine is up"
        found = self._engine.description.shop.services.values()
        return [service.name for service in found if service.kind == "code" and not service.judge]

    @property
    def links(self) -> list[tuple[str, str]]:
        """Who calls whom, as the services' URLs say."""
        assert self._engine.description, "the engine is up"
        links = self._engine.description.shop.links
        return [(link.caller, link.callee) for link in links if link.caller in self.services]

    async def started(self, order: Order) -> list[Start]:
        """Bring it up, and make its services well in this order: `by_name`, `backwards`, `last("pricing")`.

        Returns who started, in the order in which they did, each with those that it had to do without. Raises Observed
        where Compose does not bring it up.
        """
        try:
            return await (await self._engine.rehearsal(fresh=True, well=False)).play(order)
        except DidNotComeUp as error:
            raise Shown(f"the composition did not come up: {error}") from None

    async def reaches(self, caller: str, callee: str) -> None:
        """Raise Observed unless a service reaches another by its name, at its port."""
        said = await self._asked(caller, callee, lambda told: _is_among(told, callee))
        if not _is_among(said, callee):
            raise Shown(f"{caller} does not reach {_who(callee)} by its name: {said['why'] or 'somebody else answers'}")

    async def is_cut_off(self, caller: str, callee: str) -> None:
        """Raise Observed if a service reaches another: by its name, at its addresses, or at ports that it publishes."""
        rehearsal = await self._up()
        port = _port(rehearsal, caller, callee)
        tries = [("by its name", callee, port)]
        tries += [(f"at its address {address}", address, port) for address in rehearsal.addresses(callee)]
        tries += [
            (f"at the port that it publishes, by the machine's address {gateway}", gateway, number)
            for _, number in rehearsal.published(callee)
            for gateway in rehearsal.gateways(caller)
        ]
        for how, host, number in tries:
            if await _gets_through(rehearsal, caller, callee, host, number):
                raise Shown(f"{caller} reaches {_who(callee)} {how}")
        # Where a daemon has no userland proxy its containers do not get there; whoever else is near the machine does.
        for address, _ in rehearsal.published(callee):
            if not address.startswith("127."):
                raise Shown(f"{callee} publishes its port at {address}, where not only its callers reach it")

    async def answers_at_its_address(self, caller: str, callee: str) -> None:
        """Raise EngineTrouble unless a service that may reach another does so at its addresses too.

        It is the control for `is_cut_off`: where addresses lead nowhere for anybody, they prove nothing.
        """
        rehearsal = await self._up()
        for address in rehearsal.addresses(callee):
            if _is_among(await rehearsal.reach(caller, address, rehearsal.ports[callee]), callee):
                return
        raise EngineTrouble(f"{caller} reaches {_who(callee)} by its name, and at none of its addresses")

    async def replicas(self, caller: str, service: str) -> list[str]:
        """The containers of a service that answer a caller who asks for its name."""
        said = await self._asked(caller, service, lambda told: 0 < len(told["answers"]) == len(told["addresses"]))
        return sorted({str(each["host"]) for each in said["answers"].values() if each.get("name") == service})

    async def may_eat(self, service: str, megabytes: int) -> bool:
        """Whether a container of a service may take so much memory."""
        return await (await self._up()).eat(service, megabytes)

    async def may_fork(self, service: str, count: int) -> int:
        """How many processes, of so many, a container of a service may start."""
        return await (await self._up()).fork(service, count)

    async def _asked(self, caller: str, callee: str, is_enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What a service is told at another's name; asked again for some seconds, until it is enough.

        Whom nothing asks for its health counts as well as soon as it runs, and listens a moment later.
        """
        rehearsal = await self._up()
        port = _port(rehearsal, caller, callee)
        deadline = monotonic() + REACHED_S
        while True:
            said = await rehearsal.reach(caller, callee, port)
            if is_enough(said) or monotonic() > deadline:
                return said
            await asyncio.sleep(PAUSE_S)

    async def _up(self) -> Rehearsal:
        rehearsal = await self._engine.rehearsal()
        try:
            await rehearsal.come_up()
        except DidNotComeUp as error:
            raise Shown(f"the composition did not come up, with every service well: {error}") from None
        return rehearsal


def by_name(names: Iterable[str]) -> list[str]:
    """One service after another is well."""
    return sorted(names)[:1]


def backwards(names: Iterable[str]) -> list[str]:
    """One service after another is well, the last of the alphabet first."""
    return sorted(names)[-1:]


def last(name: str) -> Order:
    """All are well as soon as they run, but one, which is only when nothing else is left to wait for."""

    def order(names: Iterable[str]) -> list[str]:
        return sorted(set(names) - {name}) or [name]

    return order


def early(starts: Sequence[Start]) -> list[str]:
    """Who started too early, each with whom it had to do without."""
    return [f"{each.service} was started before {_all(each.without)} well" for each in starts if each.without]


def _all(names: Sequence[str]) -> str:
    return f"{', '.join(map(_who, names))} {'was' if len(names) == 1 else 'were'}"


def _who(name: str) -> str:
    return WHO.get(name, name)


def _port(rehearsal: Rehearsal, caller: str, callee: str) -> int:
    """Where a service listens. Raises Observed where the composition has not both of them."""
    for name in (caller, callee):
        if not rehearsal.containers(name):
            raise Shown(f"the composition has no service {name} that runs")
    return rehearsal.ports[callee]


async def _gets_through(rehearsal: Rehearsal, caller: str, callee: str, host: str, port: int) -> bool:
    """Whether a service reaches another there, each time.

    While Docker makes a network it takes its rules between networks away and puts them back: for a moment, and on a
    machine where others make networks too, everybody gets through.
    """
    for _ in range(TIMES):
        if not _is_among(await rehearsal.reach(caller, host, port), callee):
            return False
        await asyncio.sleep(PAUSE_S)
    return True


def _is_among(said: dict[str, Any], service: str) -> bool:
    return any(answer.get("name") == service for answer in said["answers"].values())


@pytest.fixture
def composition(request: pytest.FixtureRequest) -> Composition:
    return Composition(request.config.stash[JUDGE].engine)
