"""A composition, rehearsed: Compose brings it up with actors of ours; a judge sees who starts, and who reaches whom."""

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from breakwater.engines import daemon
from breakwater.engines.trial.actors import ACTOR
from breakwater.engines.trial.casting import TOUCH_WELL, cast
from breakwater.engines.trial.described import Description
from breakwater.engines.trial.labels import Trial
from breakwater.errors import EngineTrouble

Order = Callable[[Iterable[str]], list[str]]
"""Of those that run, and are not well yet: who is made well next, one or several."""

UP_S = 150.0
SETTLED_S = 10.0  # for those whom nobody waited for
QUIET_S = 1.5  # after so long without another start, whoever was let start has started
POLL_S = 0.1
OUT_OF_MEMORY = 137  # SIGKILL, by the kernel


class DidNotComeUp(Exception):
    """Compose could not bring the composition up, whoever was well: its own last line."""


@dataclass(frozen=True)
class Start:
    """A service that started, and whom it needs that was not well then."""

    service: str
    without: tuple[str, ...]


class Rehearsal:
    """One composition. `come_up` or `play` it once; its labels are its trial's."""

    def __init__(
        self, client: Any, trial: Trial, image: str, description: Description, folder: Path, *, well: bool
    ) -> None:
        self.is_well = False
        self._client, self._folder, self._well = client, folder, well
        self._project = f"trial-{trial}-{secrets.token_hex(3)}"
        self._cast = cast(
            description.shop,
            description.config,
            project=self._project,
            image=image,
            labels=trial.labels,
            well=well,
        )
        self._found: dict[str, list[Any]] = {}

    @property
    def ports(self) -> dict[str, int]:
        """Where each service listens."""
        return dict(self._cast.ports)

    async def come_up(self) -> None:
        """Have everybody up, well from the beginning. Raises DidNotComeUp."""
        if self.is_well:
            return
        await self._within(self._up())
        await self._settle()
        self.is_well = True

    async def play(self, order: Order) -> list[Start]:
        """Have the services start; return them in the order in which they did, with whom each had to do without.

        Whom `order` picks of those that run is made well, and only when nobody starts any more. Raises DidNotComeUp.
        """
        up = asyncio.create_task(self._up())
        starts: list[Start] = []
        well: set[str] = set()
        try:
            async with asyncio.timeout(UP_S) as limit:
                while not (up.done() and len(well) == len(self._cast.needs)):
                    await self._until_quiet(starts, well, up)
                    running = [start.service for start in starts if start.service not in well]
                    if up.done() and (trouble := up.exception()):
                        raise trouble
                    for name in order(running) if running else ():
                        await self._make_well(name)
                        well.add(name)
        except TimeoutError:
            if not limit.expired():
                raise
            waiting = sorted(set(self._cast.needs) - {start.service for start in starts})
            late = ", ".join(waiting or sorted(set(self._cast.needs) - well))
            says = "had not started" if waiting else "had started, and was not well"
            raise DidNotComeUp(f"{late} {says} after {UP_S:.0f} s") from None
        finally:
            up.cancel()
            with suppress(asyncio.CancelledError, DidNotComeUp):
                await up
        self.is_well = True
        return starts

    async def end(self) -> None:
        """Remove all of it."""
        await daemon.asked(daemon.wipe, self._client, self._project)
        self.is_well = False

    # What can be asked of actors.

    def containers(self, service: str) -> list[Any]:
        return self._found.get(service, [])

    def addresses(self, service: str) -> list[str]:
        """The addresses that the containers of a service have, on all their networks."""
        found = (network["IPAddress"] for c in self.containers(service) for network in _networks(c))
        return [address for address in found if address]

    def published(self, service: str) -> list[tuple[str, int]]:
        """Where a service's ports are published on the machine: the address and the number of each."""
        rows = [row for c in self.containers(service) for each in _ports(c).values() for row in each or []]
        return [(str(row["HostIp"]), int(row["HostPort"])) for row in rows if row["HostPort"]]

    def gateways(self, service: str) -> list[str]:
        """The machine's addresses as a service sees them: the gateways of its networks."""
        found = (str(network["Gateway"]) for c in self.containers(service) for network in _networks(c))
        return list(dict.fromkeys(gateway for gateway in found if gateway))

    async def reach(self, caller: str, host: str, port: int) -> dict[str, Any]:
        """Who answers a service at a name or address: see `actors/actor.py`."""
        status, said = await self._act(caller, "reach", host, str(port))
        if status:
            raise EngineTrouble(f"The actor of {caller} could not try {host}: {said[-200:]}")
        return dict(json.loads(said))

    async def eat(self, service: str, megabytes: int) -> bool:
        """Have a service take so much memory; whether it was let."""
        status, said = await self._act(service, "eat", str(megabytes))
        if status not in (0, OUT_OF_MEMORY) and "MemoryError" not in said:
            raise EngineTrouble(f"The actor of {service} could not take memory: {said[-200:]}")
        return status == 0

    async def fork(self, service: str, count: int) -> int:
        """Have a service start so many processes; how many it could."""
        status, said = await self._act(service, "fork", str(count))
        if status:
            raise EngineTrouble(f"The actor of {service} could not start processes: {said[-200:]}")
        return int(json.loads(said)["started"])

    # The rest.

    async def _act(self, service: str, *words: str) -> tuple[int, str]:
        container = self.containers(service)[0]
        done = await daemon.asked(container.exec_run, ["python", ACTOR, *words])
        return int(done.exit_code or 0), done.output.decode(errors="replace").strip()

    async def _up(self) -> None:
        file = self._folder / f"{self._project}.json"
        file.write_text(json.dumps(self._cast.file))
        words = ("docker", "compose", "--env-file", "/dev/null", "-f", str(file), "up", "--detach", "--no-build")
        status, said = await daemon.run(*words, "--quiet-pull", folder=self._folder)
        if status:
            if daemon.FULL in said.lower() or "predefined address pools" in said:
                raise daemon.trouble(said, "The composition could not be brought up")
            lines = [line.strip() for line in said.splitlines() if line.strip()]
            why = lines[-1] if lines else "it says not why"
            raise DidNotComeUp(f"Compose says: {why.replace(self._project + '-', '')}"[:300])

    async def _within(self, coming: Any) -> None:
        try:
            await asyncio.wait_for(coming, UP_S)
        except TimeoutError:
            raise EngineTrouble(f"Docker did not bring the composition up within {UP_S:.0f} s.") from None

    async def _settle(self) -> None:
        """Wait until everybody is well, and so listens, whom Compose has only started; not for ever."""
        deadline = monotonic() + SETTLED_S
        while True:
            await self._look()
            all_of_them = [(each, name in self._cast.jobs) for name, found in self._found.items() for each in found]
            if all(_is_well(*each) for each in all_of_them) or monotonic() > deadline:
                return
            await asyncio.sleep(POLL_S)

    async def _until_quiet(self, starts: list[Start], well: set[str], up: "asyncio.Task[None]") -> None:
        """Note who starts, until nobody has for a while."""
        quiet = monotonic()
        while monotonic() - quiet < QUIET_S:
            await self._look()
            started = [name for name, found in self._found.items() if any(map(_has_started, found))]
            known = {start.service for start in starts}
            for name in started:
                if name not in known:
                    starts.append(Start(name, tuple(sorted(self._cast.needs[name] - well))))
                    quiet = monotonic()
            if not starts and not up.done():
                quiet = monotonic()  # Compose is still making them
            await asyncio.sleep(POLL_S)

    async def _make_well(self, service: str) -> None:
        """Make a service well, all its containers, and return when Docker knows."""
        touched: set[str] = set()
        while unwell := [c for c in self.containers(service) if not _is_well(c, service in self._cast.jobs)]:
            for container in unwell:
                if container.status == "running" and container.id not in touched:
                    await daemon.asked(container.exec_run, list(TOUCH_WELL))
                    touched.add(container.id)
            await asyncio.sleep(POLL_S)
            await self._look()

    async def _look(self) -> None:
        found: dict[str, list[Any]] = defaultdict(list)
        for container in await daemon.asked(daemon.containers, self._client, self._project):
            found[container.labels[daemon.SERVICE]].append(container)
        self._found = {name: sorted(each, key=lambda c: str(c.name)) for name, each in found.items()}


def _networks(container: Any) -> list[dict[str, Any]]:
    return list(container.attrs["NetworkSettings"]["Networks"].values())


def _ports(container: Any) -> dict[str, Any]:
    return dict(container.attrs["NetworkSettings"]["Ports"] or {})


def _has_started(container: Any) -> bool:
    return container.status in ("running", "exited")


def _is_well(container: Any, is_job: bool) -> bool:
    state = container.attrs["State"]
    if is_job:
        return state["Status"] == "exited" and not state["ExitCode"]
    # Who has no probe is never more than running.
    return (state.get("Health") or {"Status": "healthy"})["Status"] in ("healthy", "none")
