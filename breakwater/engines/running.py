"""A shop that runs: its processes, its database server, its links, and the order in which they start.

`depends_on` is honoured without waiting in line: a service starts at once, and its link to a service that it needs
is held until that one is healthy, as with sockets that are opened before their servers. Only what a service needs
from the database (its migrations) is waited for.
"""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic
from typing import NoReturn

from breakwater.engines import Exchange, ServiceStatus
from breakwater.engines.control import LOGS
from breakwater.engines.description import BUYER, Kind, Link, Service, Shop
from breakwater.engines.isolation import SHOP
from breakwater.engines.ports import reserve
from breakwater.engines.postgres import Cluster
from breakwater.engines.process import Launcher, Process, Program, tail
from breakwater.engines.proxy import LinkProxy
from breakwater.engines.readiness import until_ready
from breakwater.engines.reason import last_line, reason
from breakwater.engines.settings import Settings
from breakwater.engines.units import GRACE_S, START_S, Unit, all_or_first_error, files_of
from breakwater.errors import BadInput, EngineTrouble, ShopDidNotStart
from breakwater.faults import LinkFault

Tell = Callable[[ServiceStatus], None]


class RunningShop:
    """All of one shop. Methods that change it must not run at the same time; the supervisor sees to that."""

    def __init__(
        self,
        shop: Shop,
        state: Path,
        launcher: Launcher,
        *,
        isolate: bool = False,
        public_port: int = 0,
        on_activity: Callable[[], None] = lambda: None,
        on_process: Callable[[], None] = lambda: None,
    ) -> None:
        self.shop = shop
        self.state = state
        self._launcher = launcher
        self._isolate = isolate
        self._public_port = public_port
        self._on_process = on_process
        self._processes: set[Process] = set()
        self._units = {s.name: Unit(s, reserve()) for s in shop.services.values() if s.kind is not Kind.JOB}
        self.proxies = {link: LinkProxy(link, self._units[link.callee].port.number, on_activity) for link in shop.links}
        ports = {name: unit.port.number for name, unit in self._units.items()}
        self.settings = Settings(shop, state, ports, self.proxies)
        self._start_s = START_S * (2 if isolate else 1)
        self._cluster: Cluster | None = None
        self._migrated_since: set[str] = set()
        self._done: dict[str, asyncio.Event] = {job.name: asyncio.Event() for job in shop.of(Kind.JOB)}
        self._seeded = asyncio.Event()

    # What a supervisor asks for.

    async def up(self, tell: Tell) -> None:
        """Start whatever does not run; return when all of it is healthy. Raises ShopDidNotStart, EngineTrouble."""
        await self._launcher.warm({self._walls(unit.service) for unit in self._units.values() if unit.service.folder})
        await self._open_links()
        await self._stop_changed()
        for unit in self._units.values():
            self._resume(unit)
        async with all_or_first_error() as tasks:
            for server in self.shop.of(Kind.SERVER):
                tasks.create_task(self._start_server(server, tell))
            for job in self.shop.of(Kind.JOB):
                tasks.create_task(self._run_job(job))
            tasks.create_task(self._snapshot())
            self._start_code(tasks, tell)

    async def _stop_changed(self) -> None:
        """Stop the services whose files have changed since they started, so that they start with them as they are now.

        Those that a broken-off reset left half started are ended as well: nobody waits for their health any more.
        """
        changed = [unit for unit in self._changed() if unit.alive]
        for name in self._migrated_since:
            self._done[name].clear()
        await asyncio.gather(*(unit.process.stop(GRACE_S) for unit in changed if unit.process))
        half_started = (unit for unit in self._units.values() if unit.alive and not unit.healthy.is_set())
        await asyncio.gather(*(self._kill(unit) for unit in half_started if unit.service.kind is Kind.CODE))

    def _changed(self) -> "list[Unit]":
        """The services whose files have changed since they started. Their migrations are newer than the snapshot."""
        changed = [unit for unit in self._units.values() if unit.process and files_of(unit.service) != unit.files]
        for unit in changed:
            self._migrated_since |= {job.name for job in self.shop.of(Kind.JOB) if job.folder == unit.service.folder}
        return changed

    async def reset(self) -> None:
        """Give the next check a fresh shop, with the services' files as they are now."""
        self._changed()
        units = [unit for unit in self._units.values() if unit.service.kind is Kind.CODE]
        await asyncio.gather(*(self._kill(unit) for unit in units))
        for proxy in self.proxies.values():
            proxy.cut()
            proxy.forget()
            proxy.release()
        shutil.rmtree(self.state / "judge", ignore_errors=True)
        self._seeded.clear()
        async with all_or_first_error() as tasks:
            tasks.create_task(self._restore())
            for job in self._late_jobs():
                self._done[job.name].clear()
                tasks.create_task(self._run_job(job))
            self._start_code(tasks, lambda status: None, wait_for_data=False)

    async def restart(self, name: str) -> None:
        """Stop a service as an orchestrator would, start it, and return when it is healthy."""
        unit = self._code(name)
        unit.healthy.clear()
        if unit.process:
            await unit.process.stop(GRACE_S)
        await self._bring_up(unit)

    async def kill(self, name: str) -> None:
        await self._kill(self._code(name))

    async def pause(self, name: str) -> None:
        unit = self._code(name)
        if not (unit.process and unit.alive):
            raise BadInput(f"{name} does not run: it cannot be paused. Start it: course shop restart {name}")
        unit.paused = True
        unit.process.signal_group(signal.SIGSTOP)

    async def resume(self, name: str) -> None:
        self._resume(self._code(name))

    async def scale(self, name: str, replicas: int) -> None:
        self.shop.find(name)
        if replicas != 1:
            raise BadInput("The embedded engine runs one instance of a service; for more: --engine compose")

    async def close(self) -> None:
        """End everything at once: its data is thrown away with it."""
        for proxy in self.proxies.values():
            proxy.close()
        await asyncio.gather(*(self._kill(unit) for unit in self._units.values() if unit.service.kind is Kind.CODE))
        if self._cluster:
            await self._cluster.stop()
        self._launcher.close()
        for unit in self._units.values():
            unit.port.release()

    @property
    def public(self) -> str:
        """The service that a buyer reaches: the first whose ports the description publishes; empty if none."""
        return next((name for name, unit in self._units.items() if unit.service.published), "")

    async def in_use(self) -> bool:
        """Whether anybody outside is connected to a service."""
        return any(proxy.connections for link, proxy in self.proxies.items() if link.caller == BUYER)

    async def statuses(self) -> list[ServiceStatus]:
        return [unit.status for unit in self._units.values()]

    def endpoints(self) -> dict[str, str]:
        links = {name: self.proxies.get(Link(BUYER, name)) for name in self._units}
        return {name: f"{self._scheme(name)}://127.0.0.1:{proxy.port}" for name, proxy in links.items() if proxy}

    def _scheme(self, name: str) -> str:
        return "grpc" if self.shop.speaks_grpc(name) else "http"

    @property
    def provider(self) -> str:
        """The control socket of the card provider; empty if the shop has none."""
        return self.settings.provider_socket()

    @contextlib.asynccontextmanager
    async def on_link(self, fault: LinkFault) -> AsyncIterator[None]:
        """Hold a fault on its link for as long as the context lasts. Raises BadInput if there is no such link."""
        proxy = self.proxies[self.shop.find_link(fault.caller, fault.callee)]
        proxy.add(fault)
        try:
            yield
        finally:
            await proxy.remove(fault)

    async def exchanges(self) -> list[Exchange]:
        """What was seen on all links, in order."""
        seen = [each for proxy in self.proxies.values() for each in proxy.exchanges()]
        return sorted(seen, key=lambda each: each.asked_at)

    def process_groups(self) -> list[int]:
        """The process groups that run now."""
        self._processes = {process for process in self._processes if process.alive}
        server = {self._cluster.process} if self._cluster and self._cluster.process else set()
        return sorted(process.pid for process in self._processes | server)

    # Starting.

    async def _open_links(self) -> None:
        for proxy in self.proxies.values():
            if not proxy.listening:
                is_public = proxy.link == Link(BUYER, self.public)
                await proxy.listen(self._public_port if is_public else 0)

    def _start_code(self, tasks: asyncio.TaskGroup, tell: Tell, *, wait_for_data: bool = True) -> None:
        for unit in self._units.values():
            if unit.service.kind is Kind.CODE and not unit.alive:
                unit.healthy.clear()
                tasks.create_task(self._start_unit(tasks, unit, tell, wait_for_data=wait_for_data))

    async def _start_unit(self, tasks: asyncio.TaskGroup, unit: Unit, tell: Tell, *, wait_for_data: bool) -> None:
        for need, condition in self._needs(unit.service):
            proxy, event = self.proxies.get(Link(unit.service.name, need)), self._event(need)
            if condition == "service_started" or event.is_set():
                continue
            if proxy and not (wait_for_data and event is self._seeded):
                proxy.hold()
                tasks.create_task(_release_at(event, proxy))
            else:
                await event.wait()
        await self._bring_up(unit)
        tell(unit.status)

    def _needs(self, service: Service) -> list[tuple[str, str]]:
        """What a service waits for: what it says, and the data of the servers that it has a link to."""
        servers = {server.name: "service_healthy" for server in self.shop.of(Kind.SERVER)}
        linked = {name: condition for name, condition in servers.items() if Link(service.name, name) in self.proxies}
        return list({**service.needs, **linked}.items())

    def _event(self, need: str) -> asyncio.Event:
        if need in self._done:
            return self._done[need]
        unit = self._units[need]
        return self._seeded if unit.service.kind is Kind.SERVER else unit.healthy

    async def _start_server(self, server: Service, tell: Tell) -> None:
        unit = self._units[server.name]
        if unit.alive:
            return
        if self._cluster:
            raise EngineTrouble(
                "PostgreSQL has ended, and its data with it. Run: course shop down, then course shop up"
            )
        started = monotonic()
        self._cluster = Cluster(self.state / "pg", unit.port, self._log(server.name))
        await self._cluster.start()
        unit.process = self._cluster.process
        await self._cluster.seed(server.init_sql)
        self.settings.passwords = self._cluster.passwords
        unit.seconds = monotonic() - started
        unit.healthy.set()
        tell(unit.status)

    async def _run_job(self, job: Service) -> None:
        done = self._done[job.name]
        if done.is_set():
            return
        for need in job.needs:
            is_job = need in self._done
            await (self._done[need] if is_job else self._units[need].healthy).wait()
        if job in self._late_jobs():
            await self._seeded.wait()
        process = await self._launch(job)
        how = f"did not end within {self._start_s:g} s"
        try:
            await asyncio.wait([process.exited], timeout=self._start_s)
        finally:
            process.kill()
        if not process.alive:
            how = f"ended with status {process.exited.result()}" if process.exited.result() else ""
        if how:
            await self._failed(job, process, how)
        done.set()

    async def _snapshot(self) -> None:
        """Keep the databases as the migrations left them, for `reset`."""
        late = {job.name for job in self._late_jobs()}
        for server in self.shop.of(Kind.SERVER):
            await self._units[server.name].healthy.wait()
        for name, done in self._done.items():
            if name not in late:
                await done.wait()
        if self._cluster and not self._seeded.is_set():
            await self._cluster.snapshot()
        self._seeded.set()

    async def _restore(self) -> None:
        if self._cluster:
            await self._cluster.restore()
        self._seeded.set()

    def _late_jobs(self) -> list[Service]:
        """Jobs whose work is not in the snapshot: they need running code, or were changed since it was taken."""
        return [job for job in self.shop.of(Kind.JOB) if job.name in self._migrated_since or self.shop.needs_code(job)]

    async def _bring_up(self, unit: Unit) -> None:
        started = monotonic()
        unit.files = files_of(unit.service)
        unit.paused = False
        unit.process = await self._launch(unit.service)
        grpc = self.shop.speaks_grpc(unit.service.name)
        why = await until_ready(unit.process, unit.port.number, self._start_s, grpc=grpc)
        if why:
            await self._failed(unit.service, unit.process, why)
        unit.seconds = monotonic() - started
        unit.healthy.set()

    async def _launch(self, service: Service) -> Process:
        assert service.folder
        command, environment = self.settings.command(service), self.settings.environment(service)
        log, walls = self._log(service.name), self._walls(service)
        program = Program(service.name, command, service.folder, environment, log, walls=walls)
        try:
            process = await self._launcher.start(program)
        except FileNotFoundError:
            raise ShopDidNotStart(
                f"{service.name} did not start: its command `{command[0]}` was not found.", service=service.name
            ) from None
        except OSError as error:
            raise EngineTrouble(f"{service.name} could not be started: {error}") from None
        self._processes.add(process)
        self._on_process()
        return process

    def _walls(self, service: Service) -> str:
        """The walls behind which a service runs: its own; for a job, those of the service that it prepares."""
        if not self._isolate or service.judge:
            return ""
        served = (each for each in self.shop.of(Kind.CODE) if service.name in each.needs)
        mine = (each.name for each in served if service.kind is Kind.JOB and each.folder == service.folder)
        return next(mine, service.name)

    async def _failed(self, service: Service, process: Process, how: str) -> NoReturn:
        """Raise the error that tells why `service` did not come up; `how` it failed is all we know ourselves."""
        await process.drained()
        lines = tail(self._log(service.name))
        why = reason(lines, self.shop.folder, SHOP if self._isolate else None)
        if process.alive:
            why = f"it {how}. {why}".rstrip(". ")
        elif not why:
            why = f"it {how}: {last_line(lines) or 'it said nothing'}"
        if service.judge:
            raise EngineTrouble(f"{service.name} (the course's own) did not start: {why}")
        text = f"{service.name} did not start: {why}. See: course shop logs {service.name}"
        raise ShopDidNotStart(text, service=service.name, last_lines=lines)

    def _log(self, name: str) -> Path:
        return self.state / LOGS / f"{name}.log"

    async def _kill(self, unit: Unit) -> None:
        unit.healthy.clear()
        if unit.process:
            unit.process.kill()
            await unit.process.wait()

    def _resume(self, unit: Unit) -> None:
        if unit.process and unit.paused:
            unit.process.signal_group(signal.SIGCONT)
        unit.paused = False

    def _code(self, name: str) -> Unit:
        service = self.shop.find(name)
        if service.kind is not Kind.CODE:
            raise BadInput(
                f"{name} is a server of the engine's own: it can be neither killed, paused nor restarted yet."
            )
        return self._units[name]


async def _release_at(event: asyncio.Event, proxy: LinkProxy) -> None:
    try:
        await event.wait()
    finally:  # broken off, it must not hold what starts next
        proxy.release()
