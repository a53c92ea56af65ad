"""Migrations on a real PostgreSQL: up, down, and what they make is what the models say."""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from breakwater import paths
from breakwater.checks.overlay import lay_over
from breakwater.engines.ports import reserve
from breakwater.engines.postgres import Cluster

pytestmark = pytest.mark.shop
REFERENCES = sorted(paths.SOLUTIONS.glob("*/boxoffice"))


@pytest.fixture(params=[None, *REFERENCES], ids=["naive", *(path.parent.name for path in REFERENCES)])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return lay_over(request.param, tmp_path / "shop")


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
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


def alembic(shop: Path, service: str, cluster: Cluster, *words: str) -> str:
    """Run alembic in a service's folder; returns what it printed."""
    environment = {**os.environ, "DATABASE_URL": url(cluster, service)}
    command = [sys.executable, "-m", "alembic", *words]
    done = subprocess.run(
        command, cwd=shop / service, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("service", ["orders", "payments"])
async def test_migrations_go_up_and_down_and_match_the_models(shop, service, cluster):
    alembic(shop, service, cluster, "upgrade", "head")
    assert "No new upgrade operations detected" in alembic(shop, service, cluster, "check")
    alembic(shop, service, cluster, "downgrade", "base")
    alembic(shop, service, cluster, "upgrade", "head")
    alembic(shop, service, cluster, "upgrade", "head")  # what the shop does each time that it comes up
    assert "(head)" in alembic(shop, service, cluster, "current")


async def test_a_role_reaches_its_own_database_alone(cluster):
    import asyncpg

    for role in ("orders", "payments"):
        for database in ("orders", "payments", "postgres", "template1"):
            reach = asyncpg.connect(
                host="127.0.0.1", port=cluster.port, user=role, password=cluster.passwords[role], database=database
            )
            if role == database:
                await (await reach).close()
                continue
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reach
