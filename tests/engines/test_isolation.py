"""What a learner's service sees of the machine when a stranger's shop is run: its own, and nothing else."""

import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from breakwater import paths
from breakwater.engines import ShopSpec
from breakwater.engines.embedded import EmbeddedEngine

pytestmark = [
    pytest.mark.shop,
    pytest.mark.sandbox,
    # In CI they run all the same, and fail: there it is a fault.
    pytest.mark.skipif(
        not (shutil.which("bwrap") or os.environ.get("BREAKWATER_CI")), reason="bubblewrap is not installed"
    ),
]


@pytest.fixture(scope="module", params=["forked", "plain"])
def shop(request: pytest.FixtureRequest, stub_folder: Path, short_tmp: Path) -> Iterator[EmbeddedEngine]:
    spec = ShopSpec(stub_folder, short_tmp / request.param, trusted=stub_folder)
    engine = EmbeddedEngine(spec, lease=True, isolate=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BREAKWATER_LAUNCHER", request.param)
        engine.up()
    yield engine
    engine.down()


@pytest.fixture
def inside(shop: EmbeddedEngine) -> Iterator[httpx.Client]:
    """Asks the service `back`, which is a learner's, what it sees."""
    with httpx.Client(base_url=shop.endpoint("back"), timeout=20) as client:
        yield client


def sees(inside: httpx.Client, path: Path | str) -> bool:
    return bool(inside.get("/sees", params={"path": str(path)}).json())


def reads(inside: httpx.Client, path: Path | str) -> str:
    return str(inside.get("/reads", params={"path": str(path)}).json())


def test_the_shop_works_behind_its_walls(shop: EmbeddedEngine) -> None:
    assert httpx.post(f"{shop.endpoint('front')}/visits").json() == 1
    shop.reset()
    assert httpx.post(f"{shop.endpoint('front')}/visits").json() == 1


def test_it_sees_no_process_but_its_own(inside: httpx.Client) -> None:
    processes = inside.get("/processes").json()
    assert processes
    # Itself, and the first process of its walls; no other service, no supervisor, no database.
    assert len(processes) == 2
    assert all("app.main:app" in line or "bwrap" in line or "forkserver.py" in line for line in processes)


def test_it_cannot_read_a_neighbours_environment(inside: httpx.Client, shop: EmbeddedEngine) -> None:
    for row in shop.status():
        assert "DATABASE_URL" not in reads(inside, f"/proc/{row.pid}/environ") or row.name == "back"


def test_it_sees_neither_the_state_nor_the_providers_controls(inside: httpx.Client, shop: EmbeddedEngine) -> None:
    for path in (shop.spec.state, shop.spec.state / "judge/provider/control.sock", shop.spec.state / "pg"):
        assert path.exists()
        assert not sees(inside, path)


def test_it_sees_nothing_of_the_course(inside: httpx.Client) -> None:
    for name in ("breakwater", "autograder", "solutions", "labs", "tests", "course.toml", ".git"):
        assert not sees(inside, paths.ROOT / name)
    assert not sees(inside, Path.home() / ".ssh")
    assert "error" in reads(inside, "/etc/shadow")


def test_its_own_settings_are_all_of_its_environment(inside: httpx.Client) -> None:
    names = set(inside.get("/environment").json())
    own = {"DATABASE_URL", "PROVIDER_URL"}
    assert own <= names
    assert names <= own | {"HOME", "LANG", "LC_CTYPE", "PATH", "PWD", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


@pytest.mark.parametrize(
    "path", ["/shop/back/app/main.py", "/shop/front/new", "/usr/new", "/new", "/dev/new", "{venv}/new"]
)
def test_it_changes_nothing_outside(inside: httpx.Client, path: str) -> None:
    assert "error" in inside.get("/writes", params={"path": path.format(venv=sys.prefix)}).json()


def test_it_may_write_to_its_own_tmp(inside: httpx.Client) -> None:
    assert inside.get("/writes", params={"path": "/tmp/a-test-was-here"}).json() == "written"
    assert reads(inside, "/tmp/a-test-was-here") == "here"


def test_it_cannot_touch_the_first_process_of_its_walls(inside: httpx.Client, shop: EmbeddedEngine) -> None:
    if "bwrap" not in reads(inside, "/proc/1/cmdline"):
        assert "error" in reads(inside, "/proc/1/environ")
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
        inside.post("/signals", params={"pid": 1, "number": int(number)})
    shop.restart("back")
    assert inside.get("/readyz").status_code == 200


def test_nothing_it_started_or_wrote_outlives_a_reset(inside: httpx.Client, shop: EmbeddedEngine) -> None:
    inside.post("/daemons")
    inside.get("/writes", params={"path": "/tmp/a-test-was-here"})
    assert len(inside.get("/processes").json()) == 3
    shop.reset()
    assert len(inside.get("/processes").json()) == 2
    assert not sees(inside, "/tmp/a-test-was-here")


def test_it_is_nobody(inside: httpx.Client) -> None:
    status = dict(line.split(":\t", 1) for line in reads(inside, "/proc/self/status").splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == {"65534"}
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_the_judges_side_is_outside_the_walls(shop: EmbeddedEngine) -> None:
    pids = {row.name: row.pid for row in shop.status()}
    assert os.readlink(f"/proc/{pids['provider']}/ns/pid") == os.readlink("/proc/self/ns/pid")


def test_the_database_lets_nobody_in_without_a_password(shop: EmbeddedEngine) -> None:
    """Loopback is shared, so the server's port can be reached: roles are what keeps a service to its own database."""
    import asyncio

    import asyncpg

    url = httpx.get(f"{shop.endpoint('back')}/environment").json()["DATABASE_URL"]
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2].partition("/")[0]))):
        pass

    async def refused(dsn: str) -> bool:
        try:
            await (await asyncpg.connect(dsn, ssl=False)).close()
        except (asyncpg.InvalidPasswordError, asyncpg.InsufficientPrivilegeError):
            return True
        return False

    login, _, place = url.removeprefix("postgresql://").partition("@")
    password = login.partition(":")[2]
    address = place.partition("/")[0]
    assert asyncio.run(refused(f"postgresql://other:other@{address}/other"))
    assert asyncio.run(refused(f"postgresql://postgres:postgres@{address}/postgres"))
    assert asyncio.run(refused(f"postgresql://postgres:{password}@{address}/postgres"))
    assert asyncio.run(refused(f"postgresql://back:{password}@{address}/other"))
    assert not asyncio.run(refused(f"postgresql://back:{password}@{address}/back"))
