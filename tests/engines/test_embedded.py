"""A shop on the embedded engine, through the interface that checks, notebooks and load tests use."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from breakwater.engines.embedded import EmbeddedEngine
from breakwater.errors import BadInput, EngineTrouble
from breakwater.faults.hang import Hang
from breakwater.faults.latency import Latency

pytestmark = pytest.mark.shop

MakeEngine = Callable[..., EmbeddedEngine]


@pytest.fixture
def shop(running: EmbeddedEngine) -> EmbeddedEngine:
    running.reset()
    return running


@pytest.fixture
def buyer(shop: EmbeddedEngine) -> Iterator[httpx.Client]:
    # A server that fails closes the connection, which a client may learn too late to use another.
    with httpx.Client(
        base_url=shop.endpoint("front"), timeout=20, limits=httpx.Limits(max_keepalive_connections=0)
    ) as client:
        yield client


def test_every_service_is_healthy_in_the_order_of_the_description(shop: EmbeddedEngine) -> None:
    rows = shop.status()
    assert [row.name for row in rows] == ["postgres", "provider", "back", "teller", "front"]
    assert {row.state for row in rows} == {"healthy"}
    assert all(row.pid and psutil.pid_exists(row.pid) and row.seconds > 0 for row in rows)


def test_up_again_starts_nothing(shop: EmbeddedEngine) -> None:
    before = shop.status()
    assert shop.up() == before


def test_a_request_goes_through_every_link(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    assert buyer.post("/visits", headers={"X-Request-ID": "r7"}).json() == 1
    seen = [(e.caller, e.callee, e.request, e.request_id, e.status) for e in shop.trace()]
    assert seen == [("buyer", "front", "POST /visits", "r7", 200), ("front", "back", "POST /visits", "r7", 200)]


@pytest.mark.parametrize(("name", "said", "status"), [("ann", "hello ann", "OK"), ("", *["INVALID_ARGUMENT"] * 2)])
def test_a_call_by_grpc_is_seen_on_its_link(
    buyer: httpx.Client, shop: EmbeddedEngine, name: str, said: str, status: str
) -> None:
    assert buyer.get("/greetings", params={"name": name}, headers={"X-Request-ID": "r8"}).json() == said
    [seen] = [each for each in shop.trace() if each.callee == "teller"]
    assert (seen.caller, seen.request, seen.request_id, seen.status) == (
        "front",
        "POST /stub.Teller/Greet",
        "r8",
        status,
    )
    assert seen.answered_at
    assert seen.answered_at >= seen.asked_at


def test_a_grpc_service_can_be_reached_from_outside(shop: EmbeddedEngine) -> None:
    assert shop.endpoint("teller").startswith("grpc://127.0.0.1:")


def test_reset_brings_back_databases_books_and_an_empty_trace(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    assert [buyer.post("/visits").json() for _ in range(2)] == [1, 2]
    httpx.post(f"{shop.endpoint('back')}/captures")
    assert shop.provider("GET", "/books") == {"captures": ["capture"]}
    before = {row.name: row.pid for row in shop.status()}
    shop.reset()
    assert shop.trace() == []
    assert shop.provider("GET", "/books") == {"captures": []}
    assert buyer.post("/visits").json() == 1
    after = {row.name: row.pid for row in shop.status()}
    assert before.pop("postgres") == after.pop("postgres")
    assert not set(before.values()) & set(after.values())


def test_a_service_has_its_own_settings_and_nothing_else(shop: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = httpx.get(f"{shop.endpoint('back')}/environment").json()
    assert set(seen) == {
        *("DATABASE_URL", "PROVIDER_URL"),
        *("HOME", "LANG", "LC_CTYPE", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
    } - ({"LC_CTYPE"} - set(seen))
    assert "back:back@" not in seen["DATABASE_URL"], "the password is not the one of the description"


def test_a_service_can_have_another_process_compute(shop: EmbeddedEngine) -> None:
    """What it spawns begins in its folder, as under an interpreter of its own, and so finds its modules."""
    assert httpx.get(f"{shop.endpoint('back')}/spawned", timeout=30).json() is True


def test_latency_lasts_as_long_as_its_lease(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    with shop.inject(Latency("front", "back", 2.0)):
        assert buyer.post("/visits").elapsed.total_seconds() >= 2.0
    assert buyer.post("/visits").elapsed.total_seconds() < 2.0


def test_a_request_held_by_a_hang_is_carried_out_when_it_heals(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    with shop.inject(Hang("front", "back")):
        assert buyer.post("/visits", params={"patience_s": 0.2}).status_code == 500
    # The one given up was carried out first.
    assert buyer.post("/visits").json() == 2


def test_a_fault_that_was_not_ended_heals_with_its_connection(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    lease = shop.inject(Hang("front", "back"))
    lease.__enter__()
    done: list[int] = []
    thread = threading.Thread(target=lambda: done.append(buyer.post("/visits").json()))
    thread.start()
    thread.join(0.2)
    assert not done
    del lease  # as when its holder dies: the connection closes
    thread.join(10)
    assert done == [1]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Hang("front", "provider"), "no link front → provider"),
        (Hang("frnt", "back"), "Did you mean `front → back`"),
    ],
)
def test_a_fault_on_no_link_is_the_users_mistake(shop: EmbeddedEngine, fault: Hang, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught, shop.inject(fault):
        pass
    assert "back → postgres" in str(caught.value)


def test_a_killed_service_stays_down_until_restart(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    shop.kill("back")
    assert {row.name: row.state for row in shop.status()}["back"] == "exited"
    assert buyer.post("/visits").status_code == 500
    shop.restart("back")
    assert buyer.post("/visits").json() == 1
    assert {row.state for row in shop.status()} == {"healthy"}


def test_a_paused_service_answers_when_it_resumes(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    shop.pause("back")
    shop.pause("back")
    assert {row.name: row.state for row in shop.status()}["back"] == "paused"
    assert buyer.post("/visits", params={"patience_s": 0.2}).status_code == 500
    shop.resume("back")
    shop.resume("back")
    assert {row.state for row in shop.status()} == {"healthy"}
    # The one given up was carried out: a paused process has received what was sent to it.
    assert buyer.post("/visits").json() == 2


@pytest.mark.parametrize("mend", ["restart", "up"])
def test_a_paused_service_can_be_started_anew(buyer: httpx.Client, shop: EmbeddedEngine, mend: str) -> None:
    shop.pause("back")
    if mend == "restart":
        shop.restart("back")
    else:
        shop.up()
    assert {row.state for row in shop.status()} == {"healthy"}
    assert buyer.post("/visits").json() == 1


def test_what_does_not_run_cannot_be_paused(shop: EmbeddedEngine) -> None:
    shop.kill("back")
    with pytest.raises(BadInput, match="back does not run"):
        shop.pause("back")
    shop.resume("back")


def test_more_replicas_need_the_compose_engine(shop: EmbeddedEngine) -> None:
    shop.scale("back", 1)
    with pytest.raises(BadInput, match="--engine compose"):
        shop.scale("back", 2)


def test_a_crash_is_reported_and_up_starts_the_service_again(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    pid = {row.name: row.pid for row in shop.status()}["back"]
    process = psutil.Process(pid)
    process.kill()
    process.wait(10)
    assert {row.name: row.state for row in shop.status()}["back"] == "exited"
    shop.up()
    assert buyer.post("/visits").json() == 1


def test_unknown_services_are_met_with_the_nearest(shop: EmbeddedEngine) -> None:
    for call in (shop.endpoint, shop.restart, shop.kill, shop.pause, shop.resume, lambda name: list(shop.logs(name))):
        with pytest.raises(BadInput, match="Did you mean `front`"):
            call("fron")


def test_logs_are_kept_a_service_and_marked_when_mixed(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    buyer.post("/visits")
    assert any("POST /visits" in line for line in shop.logs("front"))
    assert any(line.startswith("front | ") and "POST /visits" in line for line in shop.logs())


def test_logs_follow_what_comes(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    lines = shop.logs("front", follow=True)
    buyer.post("/visits?patience_s=17")
    assert any("patience_s=17" in line for line in lines)


def test_two_shops_run_side_by_side(shop: EmbeddedEngine, make_engine: MakeEngine, stub_copy: Path) -> None:
    other = make_engine(stub_copy)
    other.up()
    for engine in (shop, other):
        assert httpx.post(f"{engine.endpoint('front')}/visits").json() == 1
    other.down()
    assert httpx.post(f"{shop.endpoint('front')}/visits").json() == 2


def test_down_leaves_nothing_behind(make_engine: MakeEngine, stub_folder: Path, short_tmp: Path) -> None:
    engine = make_engine(stub_folder)
    engine.up()
    pids = [row.pid for row in engine.status() if row.pid]
    folder = engine.spec.state
    assert folder.is_dir()
    engine.down()
    assert not folder.exists()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert engine.status() == []
    engine.down()  # and again, which is no error


def test_down_ends_what_a_service_left_in_the_background(make_engine: MakeEngine, stub_folder: Path) -> None:
    engine = make_engine(stub_folder)
    engine.up()
    pid = httpx.post(f"{engine.endpoint('back')}/daemons").json()
    engine.restart("back")
    assert psutil.pid_exists(pid)
    engine.down()
    assert not psutil.pid_exists(pid)


def test_calls_to_a_shop_that_is_down_say_so(make_engine: MakeEngine, stub_folder: Path) -> None:
    engine = make_engine(stub_folder)
    for call in (engine.reset, engine.trace, lambda: engine.endpoint("front"), lambda: engine.restart("front")):
        with pytest.raises(EngineTrouble, match=r"not up. Start it: course shop up"):
            call()


def test_an_idle_shop_ends(make_engine: MakeEngine, stub_folder: Path) -> None:
    engine = make_engine(stub_folder, lease=False, idle_s=0.4)
    engine.up()
    supervisor = engine._supervisor
    assert supervisor
    supervisor.wait(20)
    assert not engine.spec.state.exists()


def test_the_public_port_can_be_chosen_and_a_taken_one_is_said(
    shop: EmbeddedEngine, make_engine: MakeEngine, stub_copy: Path
) -> None:
    taken = int(shop.endpoint("front").rpartition(":")[2])
    with pytest.raises(BadInput, match=f"Port {taken} is in use by another program"):
        make_engine(stub_copy, port=taken).up()
    free = make_engine(stub_copy, port=_free_port())
    free.up()
    assert free.endpoint(free.public).endswith(f":{free._port}")


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_state_folder_too_deep_for_sockets_is_said(stub_folder: Path, tmp_path: Path) -> None:
    from breakwater.engines import ShopSpec

    with pytest.raises(BadInput, match="too long for a socket: set BREAKWATER_STATE"):
        EmbeddedEngine(ShopSpec(stub_folder, tmp_path / ("x" * 100))).up()
