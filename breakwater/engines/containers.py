"""A shop that runs in containers, for a supervisor: what `running` is for processes.

Compose makes the containers, networks and volumes of the description; starting, stopping and watching them is done
here, through the daemon's API, so that a start waits for no more than it must: a service starts at once, and its
links to those that it needs are held until these are healthy. The data is kept as the migrations left it, for
`reset`.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

from breakwater.engines import Exchange, ServiceStatus, daemon, seeds
from breakwater.engines.assembly import Assembly, Tell
from breakwater.engines.carriers import Carrier
from breakwater.engines.composition import CONTROL_PORT, SIDECAR, socket_path
from breakwater.engines.control import LOGS
from breakwater.engines.description import BUYER, Kind, Link, Service, Shop
from breakwater.engines.reason import reason, telling_line
from breakwater.engines.units import GRACE_S, START_S, all_or_first_error
from breakwater.errors import BadInput, EngineTrouble, ShopDidNotStart
from breakwater.faults import LinkFault

POLL_S = 0.05
START_CONTAINER_S = START_S * 2
"""Containers of one machine start one after another."""


@dataclass
class Unit:
    """A service, the containers that run it, and what is known of it."""

    service: Service
    containers: list[Any] = field(default_factory=list)
    seconds: float = 0.0
    healthy: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        return self.service.name


class ContainerShop:
    """All of one shop. Methods that change it must not run at the same time; the supervisor sees to that."""

    def __init__(self, shop: Shop, folder: Path, *, public_port: int = 0, trusted: Path | None = None) -> None:
        self.shop = shop
        self.state = folder
        self._public_port = public_port
        self._assembly = Assembly(shop, folder, self.public, public_port, trusted)
        self._replicas: dict[str, int] = {}
        self._carrier: Carrier | None = None
        self._where: dict[str, str] = {}
        self._units = {service.name: Unit(service) for service in shop.services.values()}
        self._seeded = asyncio.Event()
        self._migrated_since: set[str] = set()

    # What a supervisor asks for.

    async def up(self, tell: Tell) -> None:
        """Start whatever does not run; return when all of it is healthy. Raises CourseError."""
        await self._assembly.connect()
        for unit in self._of(Kind.CODE):
            await self._resume(unit)
        await self._make(tell)
        async with all_or_first_error() as tasks:
            for server in self.shop.of(Kind.SERVER):
                tasks.create_task(self._start_server(self._units[server.name], tell))
            for job in self.shop.of(Kind.JOB):
                tasks.create_task(self._run_job(self._units[job.name]))
            tasks.create_task(self._keep_seeds())
            self._start_code(tasks, tell)

    async def reset(self) -> None:
        """Give the next check a fresh shop."""
        code = self._of(Kind.CODE)
        for unit in code:
            unit.healthy.clear()
        await self._each(daemon.kill, [c for unit in code for c in unit.containers])
        await self._ask("fresh")
        shutil.rmtree(self.state / "judge", ignore_errors=True)  # what buyers were told goes with the books
        for server in self._of(Kind.SERVER):
            await daemon.asked(seeds.run_sql, server.containers[0], seeds.RESTORE)
        async with all_or_first_error() as tasks:
            for job in self._late_jobs():
                job.healthy.clear()
                tasks.create_task(self._run_job(job))
            self._start_code(tasks, lambda status: None)

    async def restart(self, name: str) -> None:
        """Stop a service as an orchestrator would, start it with its code as it is now; return when it is healthy."""
        unit = self._code(name)
        unit.healthy.clear()
        await self._resume(unit)
        await self._each(lambda container: container.stop(timeout=int(GRACE_S)), unit.containers)
        await self._make(lambda status: None, only=name)
        await self._bring_up(unit)

    async def kill(self, name: str) -> None:
        unit = self._code(name)
        unit.healthy.clear()
        await self._each(daemon.kill, unit.containers)

    async def pause(self, name: str) -> None:
        unit = self._code(name)
        await self._reload(unit)
        if not any(container.status in ("running", "paused") for container in unit.containers):
            raise BadInput(f"{name} does not run: it cannot be paused. Start it: course shop restart {name}")
        await self._each(lambda container: container.pause(), [c for c in unit.containers if c.status == "running"])

    async def resume(self, name: str) -> None:
        await self._resume(self._code(name))

    async def scale(self, name: str, replicas: int) -> None:
        """Run so many instances of a service; who calls it is given one, connection by connection."""
        unit = self._code(name)
        if unit.service.judge:
            raise BadInput(f"{name} is not the shop's: it cannot be scaled.")
        if replicas < 1:
            raise BadInput(f"A service has one replica or more, not {replicas}. To stop one: course shop kill {name}")
        self._replicas[name] = replicas
        await self._resume(unit)
        unit.healthy.clear()
        await self._make(lambda status: None, only=name)
        await self._bring_up(unit)

    async def close(self) -> None:
        """Remove everything at once: its data is thrown away with it."""
        await self._assembly.remove()

    @property
    def public(self) -> str:
        """The service that a buyer reaches: the first whose ports the description publishes; empty if none."""
        return next((name for name, service in self.shop.services.items() if service.published), "")

    async def in_use(self) -> bool:
        """Whether anybody outside called a service since the last time that this was asked."""
        return bool(self._carrier and await self._ask("used"))

    async def statuses(self) -> list[ServiceStatus]:
        return await asyncio.gather(*(self._status(u) for u in self._units.values() if u.service.kind is not Kind.JOB))

    def endpoints(self) -> dict[str, str]:
        return self._where

    @property
    def provider(self) -> str:
        """How the card provider's controls are reached: the sidecar's port and token; empty if there are none."""
        assert self._carrier
        return f"{self._carrier.port}:{self._carrier.token}" if socket_path(self.shop) else ""

    @contextlib.asynccontextmanager
    async def on_link(self, fault: LinkFault) -> AsyncIterator[None]:
        """Hold a fault on its link for as long as the context lasts. Raises BadInput if there is no such link."""
        self.shop.find_link(fault.caller, fault.callee)
        assert self._carrier
        async with self._carrier.inject(fault.to_json()):
            yield

    async def exchanges(self) -> list[Exchange]:
        return [Exchange(*row) for row in await self._ask("trace")]

    def process_groups(self) -> list[int]:
        return []

    # Making.

    async def _make(self, tell: Tell, only: str = "") -> None:
        """Have everything made; what was made anew has not run yet."""
        made = await self._assembly.make(tell, self._replicas, only)
        await self._open_links(made[SIDECAR][0])
        for name, unit in self._units.items():
            before = {container.id for container in unit.containers}
            unit.containers = made[name]
            is_job = unit.service.kind is Kind.JOB
            is_new = any(container.id not in before for container in unit.containers)
            if is_new or not (is_job or all(container.status == "running" for container in unit.containers)):
                unit.healthy.clear()
            if is_new and before and is_job:
                self._migrated_since.add(name)

    async def _open_links(self, sidecar: Any) -> None:
        if sidecar.status != "running":
            await daemon.asked(self._start_sidecar, sidecar)
        ports = sidecar.attrs["NetworkSettings"]["Ports"]
        plan = self._assembly.plan
        self._carrier = Carrier(_published(ports, CONTROL_PORT), plan.token)
        await self._carrier.ready()
        outer = [route for route in plan.routes if route.link.caller == BUYER]
        self._where = {
            r.link.callee: f"{'grpc' if r.grpc else 'http'}://127.0.0.1:{_published(ports, r.listens)}" for r in outer
        }

    def _start_sidecar(self, sidecar: Any) -> None:
        from docker.errors import APIError

        try:
            sidecar.start()
        except APIError as error:
            said = str(error.explanation)
            if self._public_port and ("already allocated" in said or "address already in use" in said):
                raise BadInput(
                    f"Port {self._public_port} is in use by another program: choose another with --port, or leave it "
                    f"out."
                ) from None
            raise daemon.trouble(said, "The shop's links could not be opened") from None
        sidecar.reload()

    # Starting.

    def _start_code(self, tasks: asyncio.TaskGroup, tell: Tell) -> None:
        for unit in self._of(Kind.CODE):
            if not unit.healthy.is_set():
                tasks.create_task(self._start_unit(tasks, unit, tell))

    async def _start_unit(self, tasks: asyncio.TaskGroup, unit: Unit, tell: Tell) -> None:
        for need, condition in unit.service.needs.items():
            other = self._units[need]
            if condition == "service_started" or other.healthy.is_set():
                continue
            if other.service.kind is Kind.CODE and Link(unit.name, need) in self.shop.links:
                await self._ask("hold", caller=unit.name, callee=need)
            else:
                await other.healthy.wait()
        await self._seeded.wait()
        await self._bring_up(unit)
        tell(await self._status(unit))

    async def _bring_up(self, unit: Unit) -> None:
        started = monotonic()
        await self._each(lambda container: self._start(container), unit.containers)
        how = await self._until_ready(unit)
        if how:
            await self._failed(unit, how)
        unit.seconds = monotonic() - started
        await self._ask("release", callee=unit.name)
        unit.healthy.set()

    async def _until_ready(self, unit: Unit) -> str:
        """Wait until a service answers that it is ready: an empty string, or why it is not."""
        deadline, said = monotonic() + START_CONTAINER_S, ""
        while monotonic() < deadline:
            said = await self._ask("ready", service=unit.name)
            if not said:
                return ""
            await self._reload(unit)
            for container in unit.containers:
                if container.status != "running":
                    return daemon.how_it_ended(container)
            await asyncio.sleep(POLL_S)
        return f"was not healthy within {START_CONTAINER_S:g} s: {said}"

    async def _start_server(self, unit: Unit, tell: Tell) -> None:
        if unit.healthy.is_set():
            return
        if self._seeded.is_set():
            raise EngineTrouble("PostgreSQL has ended. Run: course shop down, then course shop up")
        started = monotonic()
        await self._each(lambda container: self._start(container), unit.containers)
        while not await daemon.asked(seeds.is_ready, unit.containers[0]):
            await self._reload(unit)
            if unit.containers[0].status != "running":
                await self._failed(unit, daemon.how_it_ended(unit.containers[0]))
            if monotonic() - started > START_CONTAINER_S:
                await self._failed(unit, f"was not ready within {START_CONTAINER_S:g} s")
            await asyncio.sleep(POLL_S)
        unit.seconds = monotonic() - started
        unit.healthy.set()
        tell(await self._status(unit))

    async def _run_job(self, unit: Unit) -> None:
        if unit.healthy.is_set():
            return
        for need in unit.service.needs:
            await self._units[need].healthy.wait()
        await self._each(lambda container: self._start(container), unit.containers)
        how = await self._until_ended(unit)
        if how:
            await self._failed(unit, how)
        unit.healthy.set()

    async def _until_ended(self, unit: Unit) -> str:
        deadline = monotonic() + START_CONTAINER_S
        while monotonic() < deadline:
            await self._reload(unit)
            if unit.containers[0].status == "exited":
                status = unit.containers[0].attrs["State"]["ExitCode"]
                return daemon.how_it_ended(unit.containers[0]) if status else ""
            await asyncio.sleep(POLL_S)
        return f"did not end within {START_CONTAINER_S:g} s"

    async def _keep_seeds(self) -> None:
        """Keep the databases as the migrations left them, before any code can change them."""
        if self._seeded.is_set():
            return
        late = self._late_jobs()
        for unit in [*self._of(Kind.SERVER), *(job for job in self._of(Kind.JOB) if job not in late)]:
            await unit.healthy.wait()
        for server in self._of(Kind.SERVER):
            await daemon.asked(seeds.run_sql, server.containers[0], seeds.SNAPSHOT)
        self._seeded.set()

    def _late_jobs(self) -> list[Unit]:
        """Jobs whose work is not in the seeds: they need running code, or were changed since these were kept."""
        return [
            unit
            for unit in self._of(Kind.JOB)
            if unit.name in self._migrated_since or self.shop.needs_code(unit.service)
        ]

    async def _failed(self, unit: Unit, how: str) -> NoReturn:
        """Raise the error that tells why a service did not come up; keep what all of them said."""
        await daemon.asked(self._keep_logs)
        lines = daemon.last_lines(unit.containers)
        why = reason(_at_home(lines, unit), self.shop.folder)
        why = why or f"it {how}: {telling_line(lines) or 'it said nothing'}"
        if unit.service.judge:
            raise EngineTrouble(f"{unit.name} (the course's own) did not start: {why}")
        text = f"{unit.name} did not start: {why}. See: course shop logs {unit.name}"
        raise ShopDidNotStart(text, service=unit.name, last_lines=lines)

    def _keep_logs(self) -> None:
        for name, unit in self._units.items():
            lines = daemon.last_lines(unit.containers, 1000)
            (self.state / LOGS / f"{name}.log").write_text("".join(f"{line}\n" for line in lines))

    # Small things.

    def _start(self, container: Any) -> None:
        from docker.errors import APIError

        try:
            container.start()
        except APIError as error:
            raise daemon.trouble(str(error.explanation), f"{container.name} could not be started") from None

    def _of(self, kind: Kind) -> list[Unit]:
        return [unit for unit in self._units.values() if unit.service.kind is kind]

    def _code(self, name: str) -> Unit:
        service = self.shop.find(name)
        if service.kind is not Kind.CODE:
            raise BadInput(f"{name} is a server: it can be neither killed, paused, scaled nor restarted yet.")
        return self._units[name]

    async def _each(self, work: Callable[[Any], None], containers: list[Any]) -> None:
        await daemon.asked(daemon.each, work, containers)

    async def _reload(self, unit: Unit) -> None:
        await self._each(lambda container: container.reload(), unit.containers)

    async def _resume(self, unit: Unit) -> None:
        await self._reload(unit)
        await self._each(lambda container: container.unpause(), [c for c in unit.containers if c.status == "paused"])

    async def _ask(self, op: str, **arguments: Any) -> Any:
        assert self._carrier
        return await self._carrier.ask(op, **arguments)

    async def _status(self, unit: Unit) -> ServiceStatus:
        await self._reload(unit)
        states = {container.status for container in unit.containers}
        if states == {"running"}:
            what = "healthy" if unit.healthy.is_set() else "starting"
        else:
            what = "paused" if "paused" in states else "exited"
        pid = next((found for container in unit.containers if (found := daemon.process_of(container))), None)
        return ServiceStatus(unit.name, what, pid, round(unit.seconds, 3))


def _published(ports: dict[str, Any], port: int) -> int:
    return int(ports[f"{port}/tcp"][0]["HostPort"])


def _at_home(lines: tuple[str, ...], unit: Unit) -> list[str]:
    """The lines with the shop's folder in place of the one where a container has a service's files."""
    there = unit.containers[0].attrs["Config"].get("WorkingDir") or "/"
    return [line.replace(f'"{there}/', f'"{unit.service.folder}/') for line in lines]
