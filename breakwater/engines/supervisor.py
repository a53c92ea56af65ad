"""The process that holds one shop: `python -m breakwater.engines.supervisor JOB`.

It outlives the command that started it, or, leased, dies with it. It holds the services, the database server and
the links; clients ask it over a Unix socket (see `control`). A fault lives as long as the connection that asked for
it. Ended in whatever way, it takes everything with it.
"""

import asyncio
import contextlib
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from breakwater.engines import Exchange, ServiceStatus, description, state
from breakwater.engines.control import LOGS, SOCKET, error_to_json, exchange_to_json
from breakwater.engines.description import FILE
from breakwater.engines.process import LINUX, Launcher, PlainLauncher, adopt_orphans, end_orphans
from breakwater.engines.running import RunningShop
from breakwater.engines.zygote import ZygoteLauncher
from breakwater.errors import BadInput, CourseError, EngineTrouble, ShopDidNotStart
from breakwater.faults import Fault, LinkFault, ServiceFault

FIRST_UP_S = 30.0
"""A supervisor that nobody asked to bring the shop up ends after this time."""

IDLE_S = 4 * 3600.0
"""A shop that nobody uses for so long ends."""


@dataclass(frozen=True)
class Job:
    """What a supervisor is told at its start. `port` is the public one, 0 for any."""

    folder: str
    state: str
    isolate: bool = False
    lease: bool = False
    port: int = 0
    trusted: str = ""
    idle_s: float = IDLE_S
    engine: str = "embedded"

    def to_text(self) -> str:
        return json.dumps(asdict(self))


class Backend(Protocol):
    """A shop as a supervisor holds it: see `running.RunningShop` for what each does."""

    @property
    def public(self) -> str: ...
    @property
    def provider(self) -> str: ...
    async def up(self, tell: Callable[[ServiceStatus], None]) -> None: ...
    async def close(self) -> None: ...
    async def reset(self) -> None: ...
    async def restart(self, name: str) -> None: ...
    async def kill(self, name: str) -> None: ...
    async def pause(self, name: str) -> None: ...
    async def resume(self, name: str) -> None: ...
    async def scale(self, name: str, replicas: int) -> None: ...
    async def in_use(self) -> bool: ...
    async def statuses(self) -> list[ServiceStatus]: ...
    async def exchanges(self) -> list[Exchange]: ...
    def endpoints(self) -> dict[str, str]: ...
    def on_link(self, fault: LinkFault) -> AbstractAsyncContextManager[None]: ...
    def process_groups(self) -> list[int]: ...


class Client:
    """One connection: an op, its progress, its end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def request(self) -> dict[str, Any]:
        request = json.loads(await self._reader.readline() or b"{}")
        return request if isinstance(request, dict) else {}

    def send(self, **answer: Any) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(answer | {"pid": os.getpid()}).encode() + b"\n")

    async def gone(self) -> None:
        """Return when the client has closed its end."""
        while await self._reader.read(4096):
            pass

    async def flushed(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()


class Supervisor:
    """Answers clients; changes to the shop are made one at a time."""

    def __init__(self, job: Job) -> None:
        self._state = Path(job.state)
        self._job = job
        trusted = Path(job.trusted) if job.trusted else None
        shop = description.load(Path(job.folder), trusted=trusted)
        self._described = self._description()
        self._shop = self._backend(shop, trusted)
        self._changing = asyncio.Lock()
        self._over = asyncio.Event()
        self._serving: set[asyncio.Task[Any]] = set()
        self._leases: list[ServiceFault] = []
        self._wanted = 0
        self._established = False
        self._ending = False
        self.failed = False
        self._touched = monotonic()
        self._ops: dict[str, Callable[[Client, dict[str, Any]], Awaitable[Any]]] = {
            "up": self._up,
            "down": self._down,
            "status": self._status,
            "reset": self._changes(lambda request: self._shop.reset()),
            "restart": self._changes(lambda request: self._shop.restart(request["service"])),
            "kill": self._changes(lambda request: self._shop.kill(request["service"])),
            "pause": self._changes(lambda request: self._shop.pause(request["service"])),
            "resume": self._changes(lambda request: self._shop.resume(request["service"])),
            "scale": self._changes(lambda request: self._shop.scale(request["service"], request["replicas"])),
            "where": self._where,
            "trace": self._trace,
            "inject": self._inject,
        }

    def _backend(self, shop: description.Shop, trusted: Path | None) -> "Backend":
        port = self._job.port
        if self._job.engine == "compose":
            from breakwater.engines.containers import ContainerShop

            return ContainerShop(shop, self._state, public_port=port, trusted=trusted)
        return RunningShop(
            shop,
            self._state,
            _launcher(self._job),
            isolate=self._job.isolate,
            public_port=port,
            on_activity=self._touch,
            on_process=self._record,
        )

    async def serve(self) -> None:
        """Serve until told to end, the lease ends, or nobody used the shop for long."""
        server = await asyncio.start_unix_server(self._answer, self._state / SOCKET)
        watch = asyncio.create_task(self._watch())
        await self._over.wait()
        watch.cancel()
        server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._shop.close()

    def end(self) -> None:
        self._over.set()

    def _touch(self) -> None:
        self._touched = monotonic()

    async def _watch(self) -> None:
        """End a shop that nobody uses, or that nobody asked for."""
        limit_s = min(FIRST_UP_S, self._job.idle_s)
        while self._serving or monotonic() - self._touched < limit_s or await self._in_use():
            await asyncio.sleep(limit_s / 4)
            limit_s = self._job.idle_s if self._established else limit_s
        self.end()

    async def _in_use(self) -> bool:
        try:
            return await self._shop.in_use()
        except CourseError:  # what carries the links is gone, so nobody uses them
            return False

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._touch()
        self._serving.add(task)
        client = Client(reader, writer)
        try:
            await self._serve_one(client)
        except CourseError as error:
            client.send(error=error_to_json(error), ends=self._ending)
        except ConnectionError:
            pass
        except Exception as error:  # whatever it is, the client must hear of it
            client.send(error=error_to_json(EngineTrouble(f"The supervisor failed: {error!r}")))
            raise
        finally:
            await client.flushed()
            writer.close()
            self._serving.discard(task)
            if self._ending:
                self.end()

    async def _serve_one(self, client: Client) -> None:
        request = await client.request()
        op = self._ops.get(request.get("op", ""))
        if op is None:
            raise EngineTrouble(f"The supervisor knows no `{request.get('op')}`: run course shop down, then up")
        client.send(done=await op(client, request))

    def _changes(self, change: Callable[[dict[str, Any]], Awaitable[None]]) -> Any:
        async def op(client: Client, request: dict[str, Any]) -> None:
            await self._change(lambda: change(request))

        return op

    async def _change(self, change: Callable[[], Awaitable[None]]) -> None:
        """Make one change to the shop, after those that were asked for before."""
        async with self._changing:
            if not self._established:
                raise EngineTrouble("The shop is not up. Start it: course shop up")
            await change()

    def _record(self) -> None:
        state.record(self._state, self._shop.process_groups())

    async def _up(self, client: Client, request: dict[str, Any]) -> Any:
        """Bring the shop up, unless whoever asked is gone before it is: then nobody knows of it, and it ends."""
        if request.get("engine", self._job.engine) != self._job.engine:
            raise BadInput(
                f"The shop is up already, on the engine {self._job.engine}. For another: course shop down, then up."
            )
        self._wanted += 1
        work = asyncio.create_task(self._bring_up(lambda status: client.send(progress=asdict(status))))
        gone = asyncio.create_task(client.gone())
        try:
            await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            self._ending = self._ending or (self._wanted == 1 and not self._established)
            raise ConnectionError
        finally:
            self._wanted -= 1
            gone.cancel()
            work.cancel()
            await asyncio.wait([work])

    async def _bring_up(self, tell: Callable[[ServiceStatus], None]) -> Any:
        async with self._changing:
            if self._described != self._description():
                raise BadInput(
                    f"{FILE} has changed since the shop came up. Run: course shop down, then: course shop up"
                )
            try:
                await self._shop.up(tell)
            except CourseError as error:
                # Of a shop that was up, the services that start go on beside the one that does not any more.
                if not (self._established and isinstance(error, ShopDidNotStart)):
                    self.failed = self._ending = True
                    await self._shop.close()
                raise
            self._established = True
            return [asdict(status) for status in await self._shop.statuses()]

    def _description(self) -> bytes:
        return (Path(self._job.folder) / FILE).read_bytes()

    async def _down(self, client: Client, request: dict[str, Any]) -> None:
        self._ending = True

    async def _status(self, client: Client, request: dict[str, Any]) -> Any:
        return [asdict(status) for status in await self._shop.statuses()]

    async def _where(self, client: Client, request: dict[str, Any]) -> Any:
        return {
            "endpoints": self._shop.endpoints(),
            "provider": self._shop.provider,
            "public": self._shop.public,
        }

    async def _trace(self, client: Client, request: dict[str, Any]) -> Any:
        return [exchange_to_json(each) for each in await self._shop.exchanges()]

    async def _inject(self, client: Client, request: dict[str, Any]) -> None:
        fault = Fault.from_json(request["fault"])
        async with self._shop.on_link(fault) if isinstance(fault, LinkFault) else self._on_service(fault):
            client.send(progress=None)
            await client.gone()

    @contextlib.asynccontextmanager
    async def _on_service(self, fault: Fault) -> AsyncIterator[None]:
        """The fault lasts until its last holder has gone; a shop that ends needs no healing."""
        assert isinstance(fault, ServiceFault)
        await self._change(lambda: fault.begin(self._shop))
        self._leases.append(fault)
        try:
            yield
        finally:
            self._leases.remove(fault)
            if fault not in self._leases and not (self._ending or self._over.is_set()):
                await self._change(lambda: fault.heal(self._shop))


def main() -> None:
    job = Job(**json.loads(sys.argv[1]))
    _raise_limits()
    folder = Path(job.state)
    try:
        held = state.lock(folder)
    except FileNotFoundError:
        return  # another supervisor was just ending, and has removed the folder
    if held is None:
        return  # another supervisor was first, and serves as well
    state.clear(folder)
    adopt_orphans()
    keep_logs = asyncio.run(_run(job))
    end_orphans()
    state.clear(folder, keep_logs=keep_logs)
    if not keep_logs:
        state.remove(folder)


async def _run(job: Job) -> bool:
    """Run to the end; True if the logs tell why the shop did not start, and must stay."""
    (Path(job.state) / LOGS).mkdir(exist_ok=True)
    supervisor = Supervisor(job)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.end)
    if job.lease:
        loop.add_reader(sys.stdin.fileno(), _lease_ended, supervisor)
    await supervisor.serve()
    return supervisor.failed and not job.lease


def _launcher(job: Job) -> Launcher:
    """Forks where that is possible."""
    shop = Path(job.folder)
    if LINUX and os.environ.get("BREAKWATER_LAUNCHER") != "plain":
        return ZygoteLauncher(shop, Path(job.state) / LOGS)
    return PlainLauncher(shop)


def _lease_ended(supervisor: Supervisor) -> None:
    asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    supervisor.end()


def _raise_limits() -> None:
    """Each connection through a link takes two descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))


if __name__ == "__main__":
    main()
