"""A shop in containers. Where no daemon answers these tests are skipped; in CI they fail: there it is a fault."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths
from breakwater.engines import ShopSpec, daemon
from breakwater.engines.compose import ComposeEngine
from breakwater.errors import EngineTrouble

TINY = Path(__file__).parent / "tiny"


@pytest.fixture(scope="session")
def docker() -> Any:
    """A client of the daemon."""
    try:
        return daemon.connect()
    except EngineTrouble as trouble:
        if os.environ.get("BREAKWATER_CI"):
            raise
        pytest.skip(str(trouble))


@pytest.fixture(scope="module")
def short_tmp(docker: Any) -> Iterator[Path]:
    """A folder whose path is short enough for sockets. What runs for a state in it ends with it."""
    with tempfile.TemporaryDirectory(prefix="bwc-", dir="/tmp") as folder:
        yield Path(folder)
        for project in {c.labels[daemon.PROJECT] for c in ours(docker, Path(folder))}:
            daemon.wipe(docker, project)


@pytest.fixture(scope="module")
def running(short_tmp: Path) -> Iterator[ComposeEngine]:
    """The naive shop, up. A test that changes it resets it first."""
    engine = ComposeEngine(ShopSpec(paths.BOXOFFICE, short_tmp / "shop"), lease=True)
    engine.up()
    yield engine
    engine.down()


@pytest.fixture
def tiny_copy(tmp_path: Path) -> Path:
    """A copy of the tiny shop, to be spoilt."""
    return Path(shutil.copytree(TINY, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def make_engine(short_tmp: Path) -> Iterator[Callable[..., ComposeEngine]]:
    """Make engines for a folder; whatever they run is brought down at the end."""
    made: list[ComposeEngine] = []

    def make(folder: Path, **options: Any) -> ComposeEngine:
        state = short_tmp / f"e{len(list(short_tmp.iterdir()))}-{len(made)}"
        made.append(ComposeEngine(ShopSpec(folder, state), **{"lease": True, **options}))
        return made[-1]

    yield make
    for engine in made:
        engine.down()


def ours(client: Any, state: Path) -> list[Any]:
    """The containers that belong to a state folder, or to one below it."""
    found = client.containers.list(all=True, filters={"label": daemon.STATE}, ignore_removed=True)
    return [c for c in found if Path(c.labels[daemon.STATE]).is_relative_to(state)]


def left(client: Any, state: Path) -> list[Any]:
    """Everything that Docker still has of the project of a state folder."""
    chosen = {"label": f"{daemon.PROJECT}={daemon.project_of(state)}"}
    return [
        *client.containers.list(all=True, filters=chosen, ignore_removed=True),
        *client.networks.list(filters=chosen),
        *client.volumes.list(filters=chosen),
    ]
