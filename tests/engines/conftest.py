"""A stub shop that runs, shared by the tests of a module, and copies of it to spoil."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from links import LINK, Callee

from breakwater.engines import ShopSpec
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.engines.proxy import LinkProxy

STUB = Path(__file__).parent / "stub"


@pytest.fixture(scope="session")
def stub_folder() -> Path:
    return STUB


@pytest.fixture
def stub_copy(tmp_path: Path) -> Path:
    """A copy of the stub shop, to be changed."""
    return Path(shutil.copytree(STUB, tmp_path / "shop"))


@pytest.fixture(scope="module")
def short_tmp() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="bw-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def running(short_tmp: Path) -> Iterator[EmbeddedEngine]:
    """The stub shop, up. A test that changes it resets it first."""
    engine = EmbeddedEngine(ShopSpec(STUB, short_tmp / "shop"), lease=True)
    engine.up()
    yield engine
    engine.down()


@pytest.fixture
def make_engine(short_tmp: Path) -> Iterator[Callable[..., EmbeddedEngine]]:
    """Make engines for a folder; whatever they run is brought down at the end."""
    made: list[EmbeddedEngine] = []

    def make(folder: Path, **options: object) -> EmbeddedEngine:
        spec = ShopSpec(
            folder, short_tmp / f"e{len(list(short_tmp.iterdir()))}-{len(made)}", trusted=options.pop("trusted", None)
        )
        made.append(EmbeddedEngine(spec, **{"lease": True, **options}))
        return made[-1]

    yield make
    for engine in made:
        engine.down()


@pytest_asyncio.fixture()
async def callee() -> AsyncIterator[Callee]:
    yield Callee()


@pytest_asyncio.fixture()
async def proxy(callee: Callee) -> AsyncIterator[LinkProxy]:
    async with await asyncio.start_server(callee.serve, "127.0.0.1", 0) as server:
        proxy = LinkProxy(LINK, server.sockets[0].getsockname()[1])
        await proxy.listen()
        yield proxy
        proxy.close()
