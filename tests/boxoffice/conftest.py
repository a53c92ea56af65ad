"""The shop for real: on the embedded engine, or one service of it alone."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from breakwater import paths
from breakwater.engines import ShopSpec
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.engines.ports import reserve
from breakwater.engines.postgres import Cluster
from tests.waiting import until

START_S = 20.0


def load(service: str, module: str, shop: Path = paths.BOXOFFICE) -> ModuleType:
    """Import one module of a service's package.

    The services' packages are all called `app`; here each has a name of its own, and one a shop.
    """
    package = f"{shop.name}_{service}".replace("-", "_")
    folder = shop / service / "app"
    if package not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            package, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec
        assert spec.loader
        sys.modules[package] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[package])
    return importlib.import_module(f"{package}.{module}")


@contextlib.contextmanager
def up(shop: Path) -> Iterator[EmbeddedEngine]:
    """A shop that runs meanwhile."""
    with tempfile.TemporaryDirectory(prefix="bw-") as state:
        engine = EmbeddedEngine(ShopSpec(shop, Path(state) / "shop"), lease=True)
        engine.up()
        try:
            yield engine
        finally:
            engine.down()


@dataclass
class Provider:
    """The card provider alone, in a process of its own, as compose.yaml starts it."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def books(self) -> Path:
        return self.folder / "books.jsonl"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.port = free_port()
        environment = {**os.environ, "BOOKS": str(self.books), "CONTROL_SOCKET": str(self.folder / "control.sock")}
        command = [sys.executable, "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--timeout-graceful-shutdown", "1"],
                cwd=paths.BOXOFFICE / "provider",
                env=environment,
                stdout=log,
                stderr=log,
            )
        until(self._ready, within_s=START_S, what="the provider is ready")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process:
            self.process.send_signal(how)
            self.process.wait(START_S)

    def control(self, method: str, path: str, **body: object) -> dict[str, list[dict[str, object]]]:
        """Call the controls; returns the parsed answer."""
        transport = httpx.HTTPTransport(uds=str(self.folder / "control.sock"), verify=False)
        with httpx.Client(transport=transport, base_url="http://provider", verify=False) as client:
            answer = client.request(method, path, json=None if method == "GET" else body)
            answer.raise_for_status()
            parsed: dict[str, list[dict[str, object]]] = answer.json()
            return parsed

    def captures(self) -> list[dict[str, object]]:
        return self.control("GET", "/books")["captures"]

    def _ready(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(self.url + "/readyz", verify=False).status_code == 200
        except httpx.HTTPError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def provider_process() -> Iterator[Provider]:
    with tempfile.TemporaryDirectory(prefix="bw-") as folder:
        provider = Provider(Path(folder))
        provider.start()
        yield provider
        provider.stop()


@pytest.fixture
def provider(provider_process: Provider) -> Provider:
    """The running provider, with empty books and on a sunny day."""
    provider_process.control("POST", "/reset")
    return provider_process


@pytest.fixture(scope="module")
def naive() -> Iterator[EmbeddedEngine]:
    """The naive shop, running."""
    with up(paths.BOXOFFICE) as engine:
        yield engine


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    """A PostgreSQL with a database for each service. A test leaves a database as it found it: a start takes seconds."""
    port = reserve()
    with tempfile.TemporaryDirectory(prefix="bw-") as folder:
        os.chmod(folder, 0o755)  # the server may be another user
        cluster = Cluster(Path(folder) / "data", port, Path(folder) / "log")
        try:
            await cluster.start()
            await cluster.seed([paths.BOXOFFICE / "postgres" / "init.sql"])
            yield cluster
        finally:
            await cluster.stop()
            port.release()


def url(cluster: Cluster, service: str) -> str:
    return f"postgresql+asyncpg://{service}:{cluster.passwords[service]}@127.0.0.1:{cluster.port}/{service}"


def alembic(shop: Path, service: str, cluster: Cluster, *commands: str) -> str:
    """Run alembic's commands in a service's folder, one after another; returns what they printed."""
    environment = {**os.environ, "DATABASE_URL": url(cluster, service)}
    run = "import sys; from alembic.config import main\nfor words in sys.argv[1:]: main(words.split())"
    done = subprocess.run(
        [sys.executable, "-c", run, *commands],
        cwd=shop / service,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
