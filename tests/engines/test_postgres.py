"""The private database server: its template is made once, its passwords are nobody's, its snapshots come back whole."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from breakwater.engines.ports import reserve
from breakwater.engines.postgres import Cluster, find_programs
from breakwater.errors import EngineTrouble, ShopDidNotStart

pytestmark = pytest.mark.shop

SQL = """
CREATE ROLE orders LOGIN PASSWORD 'orders';
CREATE DATABASE orders OWNER orders;
REVOKE CONNECT ON DATABASE orders FROM PUBLIC;
CREATE ROLE payments LOGIN PASSWORD 'payments';
"""


@pytest.fixture
def init_sql(tmp_path: Path) -> Path:
    return sql_file(tmp_path, SQL)


def sql_file(folder: Path, text: str) -> Path:
    path = folder / "init.sql"
    path.write_text(text)
    return path


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[Cluster]:
    server = Cluster(folder, reserve(), folder.with_suffix(".log"))
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


async def connect(server: Cluster, role: str, password: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host="127.0.0.1", port=server.port, user=role, password=password, database=database, ssl=False
    )


async def test_roles_get_passwords_of_their_own_and_keep_to_their_database(tmp_path: Path, init_sql: Path) -> None:
    async with cluster(tmp_path / "c") as server:
        await server.seed([init_sql])
        assert set(server.passwords) == {"orders", "payments"}
        await (await connect(server, "orders", server.passwords["orders"], "orders")).close()
        for role, password, database in (
            ("orders", "orders", "orders"),
            ("postgres", "postgres", "postgres"),
            ("payments", server.passwords["payments"], "orders"),
        ):
            with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InsufficientPrivilegeError)):
                await connect(server, role, password, database)


async def test_a_snapshot_comes_back_with_its_rows_its_owner_and_its_walls(tmp_path: Path, init_sql: Path) -> None:
    async with cluster(tmp_path / "c") as server:
        await server.seed([init_sql])
        password = server.passwords["orders"]
        connection = await connect(server, "orders", password, "orders")
        await connection.execute("CREATE TABLE seats AS SELECT generate_series(1, 200) AS id")
        await connection.close()
        await server.snapshot()
        for _ in range(2):
            connection = await connect(server, "orders", password, "orders")
            assert await connection.fetchval("SELECT count(*) FROM seats") == 200
            await connection.execute("DELETE FROM seats; CREATE TABLE more (id int)")
            await server.restore()  # with the connection still open
        connection = await connect(server, "orders", password, "orders")
        await connection.execute("DROP TABLE seats")  # which only its owner may
        assert await connection.fetchval("SELECT to_regclass('more')") is None
        await connection.close()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connect(server, "payments", server.passwords["payments"], "orders")


async def test_a_database_made_since_the_snapshot_is_gone(tmp_path: Path) -> None:
    async with cluster(tmp_path / "c") as server:
        await server.seed([sql_file(tmp_path, SQL + "ALTER ROLE payments CREATEDB;")])
        await server.snapshot()
        connection = await connect(server, "payments", server.passwords["payments"], "template1")
        await connection.execute("CREATE DATABASE mine")
        await connection.close()
        await server.restore()
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await connect(server, "payments", server.passwords["payments"], "mine")


async def test_sql_that_fails_is_told_with_its_line(tmp_path: Path) -> None:
    init_sql = sql_file(tmp_path, "SELECT 1;\nCREATE ROLL x;\n")
    async with cluster(tmp_path / "c") as server:
        with pytest.raises(ShopDidNotStart, match=r"init.sql:2: ERROR:  syntax error"):
            await server.seed([init_sql])


async def test_two_that_need_the_template_at_once_both_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREAKWATER_CACHE", str(tmp_path / "cache"))

    async def comes_up(name: str) -> bool:
        async with cluster(tmp_path / name) as server:
            return bool(server.port)

    assert await asyncio.gather(*(comes_up(name) for name in "abc")) == [True, True, True]
    (kept,) = (tmp_path / "cache" / "breakwater").iterdir()
    assert kept.name.startswith("postgresql-")
    assert kept.stat().st_mode & 0o077 == 0


async def test_without_a_cache_it_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BREAKWATER_CACHE", str(tmp_path / "file"))
    async with cluster(tmp_path / "c") as server:
        assert server.process
        assert server.process.alive


async def test_nothing_is_left_when_it_stops(tmp_path: Path) -> None:
    async with cluster(tmp_path / "c") as server:
        assert server.process
        pid = server.process.pid
    assert not (tmp_path / "c").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_another_postgresql_can_be_named_and_a_wrong_one_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = find_programs()
    monkeypatch.setenv("BREAKWATER_PG_BIN", str(wheel))
    assert find_programs() == wheel
    monkeypatch.setenv("BREAKWATER_PG_BIN", str(tmp_path))
    with pytest.raises(EngineTrouble, match=r"BREAKWATER_PG_BIN names .*, which has none"):
        find_programs()
