"""A stage: the neighbours that `orders` needs, and the image under trial among them.

Two networks: an internal one, on which the image under trial is alone with its database and our neighbours, and the
one by which the neighbours are reached, through ports that are published on loopback. See `actors/neighbours.py`.
"""

import asyncio
import io
import re
import secrets
import tarfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from breakwater import paths
from breakwater.engines import daemon, seeds
from breakwater.engines.carriers import Carrier
from breakwater.engines.composition import THROW_AWAY
from breakwater.engines.trial import actors
from breakwater.engines.trial.labels import Trial
from breakwater.engines.trial.subject import Subject
from breakwater.errors import EngineTrouble

POSTGRES = "postgres:17"
INIT = "/docker-entrypoint-initdb.d"
QUESTIONS, DOOR = "19999/tcp", "20000/tcp"
READY_S = 90.0
POLL_S = 0.1

ENVIRONMENT = {
    "DATABASE_URL": "postgresql+asyncpg://orders:orders@postgres:5432/orders",
    "INVENTORY_URL": "grpc://inventory:9000",
    "PAYMENTS_URL": "http://payments:8000",
}
"""What `orders` is told, as in the shop's own description."""

CANNOT_EXECUTE = re.compile(
    r'exec: "|exec format error|unable to find user|no such file or directory|permission denied'
)
"""What the runtime says of a command or a user that is not in the image."""

LIMITS: Mapping[str, Any] = {
    "mem_limit": "768m",
    "memswap_limit": "768m",
    "pids_limit": 256,
}


class Stage:
    """One trial's stage; `image` is the actors' image. `open` it once; what it did is undone by the trial's label.

    `is_hurt` says that a fault was done to the database, so that it is no stage for another check.
    """

    def __init__(self, client: Any, trial: Trial, image: str) -> None:
        self.is_hurt = False
        self._client, self._trial, self._image = client, trial, image
        self._name = f"trial-{trial}-{secrets.token_hex(3)}"
        self._token = secrets.token_hex(16)
        self._postgres: Any = None
        self._neighbours: Any = None
        self._carrier: Carrier | None = None
        self._subjects: list[Any] = []
        self._migrated: set[str] = set()

    async def open(self) -> None:
        """Bring everything up but the image under trial. Raises EngineTrouble where that takes too long."""
        await daemon.asked(self._make)
        published = await self._until(self._ports, "the neighbours have no port")
        self._carrier = Carrier(published[QUESTIONS], self._token)
        self.door = f"http://127.0.0.1:{published[DOOR]}"
        await self._carrier.ready()
        await self._until(lambda: seeds.is_ready(self._postgres), "the database was not ready")

    # The image under trial.

    async def start(self, image: str, **how: Any) -> Subject:
        """Run the image under trial, with its own command, as `orders`. `how` is what the Docker SDK's `create` takes.

        Its database has been migrated by the same image. Raises CannotRun where either cannot be done with it.
        """
        await self.clear()
        await self.migrate(image)
        container = await daemon.asked(self._start, image, None, how)
        return Subject(container)

    async def migrate(self, image: str) -> None:
        """Run the migrations of an image, once: the command that the shop's description gives. Raises CannotRun."""
        if image in self._migrated:
            return
        container = await daemon.asked(self._start, image, ["alembic", "upgrade", "head"], {})
        subject = Subject(container)
        if not await subject.has_ended(READY_S) or subject.status:
            how = daemon.how_it_ended(container) if container.status == "exited" else f"did not end in {READY_S:.0f} s"
            lines = await subject.last_lines()
            await self.clear()
            raise CannotRun(f"`alembic upgrade head` in the image {how}", lines)
        await self.clear()
        self._migrated.add(image)

    async def clear(self) -> None:
        """Remove what ran of the image under trial; payments answers again."""
        await daemon.asked(daemon.each, lambda container: container.remove(force=True, v=True), self._subjects)
        self._subjects.clear()
        await self._ask("open")

    # Its neighbours.

    async def hold_payments(self) -> None:
        """From now on payments answers nobody, until `let_payments`."""
        await self._ask("shut")

    async def let_payments(self) -> None:
        await self._ask("open")

    async def payments_asked(self) -> int:
        """How many payments were asked for so far, answered or not."""
        return int(await self._ask("asked"))

    async def stop_database(self) -> None:
        """End the database: nobody listens at its port."""
        self.is_hurt = True
        await daemon.asked(daemon.kill, self._postgres)

    async def hang_database(self) -> None:
        """Let the database stand still: it accepts connections, and answers none."""
        self.is_hurt = True
        await daemon.asked(self._postgres.pause)

    async def bring_database(self) -> None:
        """Let a database go on that stands still, or start one that was ended; return when it answers."""
        await daemon.asked(self._bring)
        await self._until(lambda: seeds.is_ready(self._postgres), "the database did not come back")

    def roots_user(self) -> str:
        """Whom root is in a container, as `top` shows it: of a container of ours, where it is known."""
        return Subject(self._neighbours).users()[0]

    # Making.

    def _make(self) -> None:
        inner = self._client.networks.create(self._inner, driver="bridge", internal=True, labels=self._trial.labels)
        door = self._client.networks.create(f"{self._name}-door", driver="bridge", labels=self._trial.labels)
        password = {"POSTGRES_PASSWORD": "postgres"}
        on_inner = self._on_inner(["postgres"])
        self._postgres = self._create(POSTGRES, list(THROW_AWAY), environment=password, **on_inner)
        self._postgres.put_archive(INIT, _archive(paths.BOXOFFICE / "postgres" / "init.sql"))
        self._postgres.start()
        ports = {port: ("127.0.0.1", None) for port in (QUESTIONS, DOOR)}
        token = {"TOKEN": self._token}
        command = ["python", actors.NEIGHBOURS]
        self._neighbours = self._create(self._image, command, environment=token, network=door.name, ports=ports)
        inner.connect(self._neighbours, aliases=["inventory", "payments"])
        self._neighbours.start()

    def _start(self, image: str, command: list[str] | None, how: Mapping[str, Any]) -> Any:
        from docker.errors import APIError

        environment = ENVIRONMENT | how.get("environment", {})
        options = {**LIMITS, **_bounded(), **{name: value for name, value in how.items() if name != "environment"}}
        on_inner = self._on_inner([] if command else ["orders"])
        container = self._create(image, command, environment=environment, **on_inner, **options)
        self._subjects.append(container)
        try:
            container.start()
        except APIError as error:
            said = str(error.explanation)
            if CANNOT_EXECUTE.search(said):
                raise CannotRun(f"the container cannot be started: {said.rpartition('process: ')[2]}"[:300]) from None
            raise
        container.reload()
        return container

    def _on_inner(self, names: list[str]) -> dict[str, Any]:
        """How the SDK is told that a container is on the internal network, by these names."""
        endpoint = self._client.api.create_endpoint_config(aliases=names)
        return {"network": self._inner, "networking_config": {self._inner: endpoint}}

    def _create(self, image: str, command: list[str] | None, **options: Any) -> Any:
        return self._client.containers.create(image, command, detach=True, labels=self._trial.labels, **options)

    @property
    def _inner(self) -> str:
        return f"{self._name}-inner"

    def _bring(self) -> None:
        from docker.errors import APIError

        with suppress(APIError):  # it does not stand still
            self._postgres.unpause()
        self._postgres.start()  # no error if it runs

    def _ports(self) -> dict[str, int] | None:
        self._neighbours.reload()
        if self._neighbours.status == "exited":
            raise EngineTrouble(f"The neighbours on the stage {daemon.how_it_ended(self._neighbours)}.")
        ports = self._neighbours.attrs["NetworkSettings"]["Ports"]
        found = {port: rows for port in (QUESTIONS, DOOR) if (rows := ports.get(port))}
        return {port: int(rows[0]["HostPort"]) for port, rows in found.items()} if len(found) == 2 else None

    async def _until(self, condition: Callable[[], Any], says: str) -> Any:
        deadline = monotonic() + READY_S
        while monotonic() < deadline:
            if found := await daemon.asked(condition):
                return found
            await asyncio.sleep(POLL_S)
        raise EngineTrouble(f"No stage could be set within {READY_S:.0f} s: {says}.")

    async def _ask(self, op: str) -> Any:
        assert self._carrier, "the stage was opened"
        return await self._carrier.ask(op)


class CannotRun(Exception):
    """An image cannot be started, or its migrations do not run; `last_lines` is what it said."""

    def __init__(self, message: str, last_lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.last_lines = last_lines


def _bounded() -> dict[str, Any]:
    """What bounds every run of an image under trial, besides its limits."""
    from docker.types import LogConfig, Ulimit

    return {
        "security_opt": ["no-new-privileges:true"],
        "cap_drop": ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SYS_CHROOT"],
        "log_config": LogConfig(type="json-file", config={"max-size": "8m", "max-file": "1"}),
        "ulimits": [Ulimit(name="fsize", soft=1 << 30, hard=1 << 30)],
    }


def _archive(file: Path) -> bytes:
    """A tar with one file, for everybody to read."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo(file.name)
        info.size, info.mode = file.stat().st_size, 0o644
        archive.addfile(info, io.BytesIO(file.read_bytes()))
    return packed.getvalue()
