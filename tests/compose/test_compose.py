"""The naive shop on the compose engine, through the interface that checks, notebooks and load tests use."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from breakwater import paths
from breakwater.engines import Exchange, daemon, description
from breakwater.engines.compose import ComposeEngine
from breakwater.engines.description import BUYER, Kind
from breakwater.errors import BadInput
from breakwater.faults.hang import Hang
from breakwater.faults.latency import Latency
from tests.compose.conftest import left
from tests.waiting import until

pytestmark = [pytest.mark.shop, pytest.mark.compose]

MakeEngine = Callable[..., ComposeEngine]
Buy = Callable[..., httpx.Response]
SEATS = (f"{row}{number}" for row in "BCDEFGH" for number in range(1, 21))


@pytest.fixture
def shop(running: ComposeEngine) -> ComposeEngine:
    """The shop that all of these tests share: a reset takes seconds, so each buys seats that no other buys."""
    return running


@pytest.fixture
def buy(shop: ComposeEngine) -> Iterator[Buy]:
    with httpx.Client(
        base_url=shop.endpoint("gateway"), timeout=30, limits=httpx.Limits(max_keepalive_connections=0)
    ) as client:

        def buy(seat: str = "") -> httpx.Response:
            seat = seat or next(SEATS)
            order = {"event": "opening-night", "seat": seat, "buyer": "me", "card": "4242424242424242"}
            return client.post("/orders", json=order, headers={"X-Request-ID": f"buys-{seat}"})

        yield buy


def hops(seen: list[Exchange], request_id: str) -> list[tuple[str, str]]:
    return [(each.caller, each.callee) for each in seen if each.request_id == request_id]


def test_every_service_is_healthy_in_the_order_of_the_description(running: ComposeEngine) -> None:
    described = description.load(paths.BOXOFFICE).services.values()
    rows = running.status()
    assert [row.name for row in rows] == [service.name for service in described if service.kind is not Kind.JOB]
    assert {row.state for row in rows} == {"healthy"}
    assert all(row.pid and row.seconds > 0 for row in rows)


def test_up_again_starts_nothing(running: ComposeEngine) -> None:
    before = running.status()
    assert running.up() == before


def test_a_purchase_goes_through_every_link(buy: Buy, shop: ComposeEngine) -> None:
    before = len(shop.provider("GET", "/books")["captures"])
    assert buy("A9").status_code == 201
    seen = hops(shop.trace(), "buys-A9")
    assert seen[0] == (BUYER, "gateway")
    assert {("gateway", "orders"), ("orders", "payments"), ("payments", "provider")} <= set(seen)
    assert len(shop.provider("GET", "/books")["captures"]) == before + 1


def test_reset_brings_back_databases_books_and_an_empty_trace(buy: Buy, shop: ComposeEngine) -> None:
    assert buy("A1").status_code == 201
    assert buy("A1").status_code == 409
    before = {row.name: row.pid for row in shop.status()}
    shop.reset()
    assert shop.trace() == []
    assert shop.provider("GET", "/books") == {"captures": [], "refunds": []}
    assert buy("A1").status_code == 201
    after = {row.name: row.pid for row in shop.status()}
    assert before.pop("postgres") == after.pop("postgres")
    assert not set(before.values()) & set(after.values())


def test_latency_lasts_as_long_as_its_lease(buy: Buy, shop: ComposeEngine) -> None:
    with shop.inject(Latency("orders", "payments", 3.0)):
        assert buy().elapsed.total_seconds() >= 3.0
    assert buy().elapsed.total_seconds() < 3.0


def test_a_fault_that_was_not_ended_heals_with_its_connection(buy: Buy, shop: ComposeEngine) -> None:
    lease = shop.inject(Hang("orders", "payments"))
    lease.__enter__()
    told: list[int] = []
    thread = threading.Thread(target=lambda: told.append(buy().status_code))
    thread.start()
    thread.join(0.5)
    assert not told
    del lease  # as when its holder dies: the connection closes
    thread.join(20)
    assert told == [201]


def test_a_fault_on_no_link_is_the_users_mistake(shop: ComposeEngine) -> None:
    with pytest.raises(BadInput, match="no link orders → provider"), shop.inject(Hang("orders", "provider")):
        pass


def test_a_paused_service_stands_still_and_goes_on(buy: Buy, shop: ComposeEngine) -> None:
    shop.pause("payments")
    assert {row.name: row.state for row in shop.status()}["payments"] == "paused"
    told: list[int] = []
    thread = threading.Thread(target=lambda: told.append(buy().status_code))
    thread.start()
    thread.join(0.5)
    assert not told
    shop.resume("payments")
    shop.resume("payments")
    thread.join(20)
    assert told == [201]


def test_a_killed_service_stays_down_until_restart(buy: Buy, shop: ComposeEngine) -> None:
    shop.kill("payments")
    assert {row.name: row.state for row in shop.status()}["payments"] == "exited"
    assert buy().status_code >= 500
    with pytest.raises(BadInput, match="payments does not run"):
        shop.pause("payments")
    shop.restart("payments")
    assert buy().status_code == 201
    assert {row.state for row in shop.status()} == {"healthy"}


def test_what_the_provider_captured_outlives_its_restart(buy: Buy, shop: ComposeEngine) -> None:
    assert buy().status_code == 201
    before = shop.provider("GET", "/books")
    shop.restart("provider")
    assert shop.provider("GET", "/books") == before


def test_logs_are_in_the_order_in_which_they_were_said(buy: Buy, shop: ComposeEngine) -> None:
    def said(request_id: str) -> list[int]:
        lines = list(shop.logs())
        places = [place for place, line in enumerate(lines) if request_id in line]
        services = {lines[place].partition(" | ")[0] for place in places}
        return places if services >= {"gateway", "orders", "payments", "provider"} else []

    assert buy("A7").status_code == 201
    until(lambda: said("buys-A7"))
    assert buy("A6").status_code == 201
    until(lambda: said("buys-A6"))
    assert max(said("buys-A7")) < min(said("buys-A6"))
    assert any("buys-A6" in line and " | " not in line for line in shop.logs("gateway"))


def test_logs_follow_what_comes(buy: Buy, shop: ComposeEngine) -> None:
    lines = shop.logs("gateway", follow=True)
    assert buy("A8").status_code == 201
    assert any("buys-A8" in line for line in lines)


def test_more_replicas_share_the_work(buy: Buy, shop: ComposeEngine, docker: Any) -> None:
    shop.scale("orders", 2)
    try:
        mine = {"label": [f"{daemon.PROJECT}={daemon.project_of(shop.spec.state)}", f"{daemon.SERVICE}=orders"]}
        assert len(docker.containers.list(filters=mine)) == 2
        assert [buy().status_code for _ in range(6)] == [201] * 6
        assert any(line.startswith("orders-2 | ") for line in shop.logs())
    finally:
        shop.scale("orders", 1)
    assert len(docker.containers.list(filters=mine)) == 1
    assert buy().status_code == 201


def test_unknown_services_are_met_with_the_nearest(shop: ComposeEngine) -> None:
    for call in (shop.endpoint, shop.restart, shop.kill, shop.pause, shop.resume, lambda name: list(shop.logs(name))):
        with pytest.raises(BadInput, match="Did you mean `orders`"):
            call("order")


def test_two_shops_run_side_by_side_and_down_leaves_the_other(
    buy: Buy, shop: ComposeEngine, make_engine: MakeEngine, tiny_copy: Path, docker: Any
) -> None:
    other = make_engine(tiny_copy)
    other.up()
    assert other.endpoint("front") != shop.endpoint("gateway")
    assert left(docker, other.spec.state)
    other.down()
    assert left(docker, other.spec.state) == []
    assert not other.spec.state.exists()
    assert other.status() == []
    assert buy().status_code == 201
