"""Migrations on a real PostgreSQL: up, down, and what they make is what the models say."""

from pathlib import Path

import pytest

from breakwater import paths
from breakwater.checks.overlay import lay_over
from tests.boxoffice.conftest import alembic

pytestmark = pytest.mark.shop
SERVICES = ("catalog", "inventory", "orders", "payments")
REFERENCES = sorted(paths.SOLUTIONS.glob("*/boxoffice"))


@pytest.fixture(params=[None, *REFERENCES], ids=["naive", *(path.parent.name for path in REFERENCES)])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return lay_over(request.param, tmp_path / "shop")


@pytest.mark.parametrize("service", SERVICES)
async def test_migrations_go_up_and_down_and_match_the_models(shop, service, cluster):
    up, down = "upgrade head", "downgrade base"
    # Up twice at the end: it is what the shop does each time that it comes up.
    said = alembic(shop, service, cluster, up, "check", down, up, up, "current", down)
    assert "No new upgrade operations detected" in said
    assert "(head)" in said


async def test_a_role_reaches_its_own_database_alone(cluster):
    import asyncpg

    for role in SERVICES:
        for database in (*SERVICES, "postgres", "template1"):
            reach = asyncpg.connect(
                host="127.0.0.1", port=cluster.port, user=role, password=cluster.passwords[role], database=database
            )
            if role == database:
                await (await reach).close()
                continue
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reach
