"""What becomes of a shop that does not start, and of one whose files are edited while it is up."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from breakwater.engines.embedded import EmbeddedEngine
from breakwater.errors import BadInput, EngineTrouble, ShopDidNotStart

pytestmark = pytest.mark.shop

MakeEngine = Callable[..., EmbeddedEngine]

SPOILT = {
    "a syntax error": (
        "front/app/main.py",
        "def (:\n",
        r"^front did not start: front/app/main.py, line 1: SyntaxError: invalid syntax",
    ),
    "an import of nothing": (
        "front/app/main.py",
        "import os\nimport nothing_of_that_name\n",
        r"front/app/main.py, line 2: ModuleNotFoundError: No module named 'nothing_of_that_name'",
    ),
    "a failing migration": (
        "back/app/migrate.py",
        "raise RuntimeError('no table for you')\n",
        r"^back-migrate did not start: back/app/migrate.py, line 1: RuntimeError: no table for you",
    ),
    "broken init SQL": (
        "postgres/init.sql",
        "CREATE TABEL x;\n",
        r"did not take its init SQL: .*init.sql:1: ERROR:  syntax error at or near \"TABEL\"",
    ),
}


@pytest.mark.parametrize(("file", "text", "said"), SPOILT.values(), ids=SPOILT.keys())
def test_a_shop_that_cannot_start_says_who_and_why_and_ends(
    make_engine: MakeEngine, stub_copy: Path, file: str, text: str, said: str
) -> None:
    (stub_copy / file).write_text(text)
    engine = make_engine(stub_copy, lease=False)
    with pytest.raises(ShopDidNotStart, match=said) as caught:
        engine.up()
    assert "\n" not in str(caught.value)
    assert caught.value.service
    assert engine.status() == []
    left = {path.name for path in engine.spec.state.rglob("*") if path.suffix != ".log"}
    assert left <= {"logs", "lock"}, "the logs stay, to be read"


def test_a_shop_starts_though_its_folder_was_removed_by_one_that_was_just_ending(
    make_engine: MakeEngine, stub_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, start, begun = make_engine(stub_copy), subprocess.Popen, []

    def start_too_late(*words: Any, **options: Any) -> Any:
        if not begun:
            shutil.rmtree(engine.spec.state)
        begun.append(words)
        return start(*words, **options)

    monkeypatch.setattr(subprocess, "Popen", start_too_late)
    assert {row.state for row in engine.up()} == {"healthy"}
    assert len(begun) == 2


def test_after_a_failed_start_the_logs_can_be_read(make_engine: MakeEngine, stub_copy: Path) -> None:
    main = stub_copy / "front" / "app" / "main.py"
    good = main.read_text()
    main.write_text("1/0\n")
    engine = make_engine(stub_copy, lease=False)
    with pytest.raises(ShopDidNotStart):
        engine.up()
    assert any("ZeroDivisionError" in line for line in engine.logs("front"))
    main.write_text(good)
    assert {row.state for row in engine.up()} == {"healthy"}
    assert not any("ZeroDivisionError" in line for line in engine.logs("front"))


def test_up_starts_what_was_edited_with_its_new_code(make_engine: MakeEngine, stub_copy: Path) -> None:
    engine = make_engine(stub_copy)
    before = {row.name: row.pid for row in engine.up()}
    (stub_copy / "back" / "app" / "migrate.py").write_text(MIGRATE_MORE)
    main = stub_copy / "back" / "app" / "main.py"
    main.write_text(main.read_text().replace("INSERT INTO visits", "INSERT INTO more"))
    after = {row.name: row.pid for row in engine.up()}
    assert [name for name in before if before[name] != after[name]] == ["back"]
    assert httpx.post(f"{engine.endpoint('front')}/visits").json() == 1
    engine.reset()
    assert httpx.post(f"{engine.endpoint('front')}/visits").json() == 1


MIGRATE_MORE = """
import asyncio, os, asyncpg
async def migrate():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute("CREATE TABLE more (id serial PRIMARY KEY)")
    await connection.close()
asyncio.run(migrate())
"""


def test_an_edit_that_does_not_start_leaves_the_others_up(make_engine: MakeEngine, stub_copy: Path) -> None:
    engine = make_engine(stub_copy)
    before = {row.name: row.pid for row in engine.up()}
    main = stub_copy / "front" / "app" / "main.py"
    good = main.read_text()
    main.write_text("1/0\n")
    with pytest.raises(ShopDidNotStart, match=r"^front did not start: front/app/main.py, line 1: ZeroDivisionError"):
        engine.up()
    assert {row.name: row.state for row in engine.status()}["front"] == "exited"
    main.write_text(good)
    after = {row.name: row.pid for row in engine.up()}
    assert [name for name in before if before[name] != after[name]] == ["front"]
    assert httpx.post(f"{engine.endpoint('front')}/visits").json() == 1


def test_a_file_put_back_as_it_was_long_ago_is_an_edit(make_engine: MakeEngine, stub_copy: Path) -> None:
    main = stub_copy / "front" / "app" / "main.py"
    good, seen = main.read_text(), main.stat()
    main.write_text(good + "\n# for a while\n")
    engine = make_engine(stub_copy)
    before = {row.name: row.pid for row in engine.up()}
    main.write_text(good)
    os.utime(main, (seen.st_atime, seen.st_mtime - 3600))
    after = {row.name: row.pid for row in engine.up()}
    (stub_copy / "front" / "app" / "no_module.py").write_text("")
    added = {row.name: row.pid for row in engine.up()}
    (stub_copy / "front" / "app" / "no_module.py").unlink()
    taken_away = {row.name: row.pid for row in engine.up()}
    assert len({pids["front"] for pids in (before, after, added, taken_away)}) == 4
    assert before.items() - taken_away.items() == {("front", before["front"])}


def test_a_description_that_changed_is_not_run_as_it_was(make_engine: MakeEngine, stub_copy: Path) -> None:
    engine = make_engine(stub_copy)
    engine.up()
    (stub_copy / "compose.yaml").write_text((stub_copy / "compose.yaml").read_text().replace("blue", "red"))
    with pytest.raises(BadInput, match="has changed since the shop came up"):
        engine.up()
    assert {row.state for row in engine.status()} == {"healthy"}


def test_a_service_that_never_gets_ready_is_given_up(
    make_engine: MakeEngine, stub_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREAKWATER_START_S", "3")
    main = stub_copy / "front" / "app" / "main.py"
    main.write_text(main.read_text().replace('"/readyz"', '"/elsewhere"'))
    with pytest.raises(
        ShopDidNotStart, match=r"^front did not start: it was not healthy within 3 s: /readyz answered 404. See"
    ):
        make_engine(stub_copy).up()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("health.aio.HealthServicer()", "(refuses := health.aio.HealthServicer())", "answered NOT_SERVING"),
        ("    health_pb2_grpc.add_", "    None and health_pb2_grpc.add_", "answered UNIMPLEMENTED"),
    ],
)
def test_a_grpc_service_that_is_not_healthy_is_given_up(
    make_engine: MakeEngine, stub_copy: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    monkeypatch.setenv("BREAKWATER_START_S", "3")
    main = stub_copy / "teller" / "app" / "main.py"
    text = main.read_text().replace(old, new)
    if "refuses" in new:
        text = text.replace("await server.start()", "await refuses.enter_graceful_shutdown()\n    await server.start()")
    main.write_text(text)
    with pytest.raises(ShopDidNotStart, match=rf"^teller did not start: it was not healthy within 3 s: \S+ {said}"):
        make_engine(stub_copy).up()


def test_a_trouble_of_the_judges_side_is_not_the_learners(make_engine: MakeEngine, stub_copy: Path) -> None:
    (stub_copy / "provider" / "app" / "main.py").write_text("1/0\n")
    with pytest.raises(EngineTrouble, match=r"provider \(the course's own\)"):
        make_engine(stub_copy).up()
