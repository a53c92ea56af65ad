"""Each fault, on either engine: the same file of a fault does the same to a shop, whatever runs it."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from breakwater import paths
from breakwater.engines import Engine, ShopSpec
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.faults import Fault
from breakwater.faults.jitter import Jitter
from breakwater.faults.kill import Kill
from breakwater.faults.lose_answer import LoseAnswer
from breakwater.faults.pause import Pause
from breakwater.faults.refuse import Refuse
from breakwater.faults.reset import Reset

pytestmark = pytest.mark.shop
Buy = Callable[..., httpx.Response]
LINK = ("orders", "payments")


@pytest.fixture(scope="module", params=["embedded", pytest.param("compose", marks=pytest.mark.compose)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The naive shop, up, on one engine and then on the other."""
    if request.param == "compose":
        yield request.getfixturevalue("running")
        return
    with tempfile.TemporaryDirectory(prefix="bw-", dir="/tmp") as folder:
        embedded = EmbeddedEngine(ShopSpec(paths.BOXOFFICE, Path(folder) / "shop"), lease=True)
        embedded.up()
        yield embedded
        embedded.down()


@pytest.fixture
def shop(engine: Engine) -> Engine:
    engine.reset()
    return engine


@pytest.fixture
def buy(shop: Engine) -> Iterator[Buy]:
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=shop.endpoint("gateway"), timeout=30, limits=limits, trust_env=False) as client:

        def buy(seat: str, patience_s: float = 30.0) -> httpx.Response:
            order = {"event": "opening-night", "seat": seat, "buyer": "me", "card": "4242424242424242"}
            return client.post("/orders", json=order, timeout=patience_s)

        yield buy


def captures(shop: Engine) -> int:
    return len(shop.provider("GET", "/books")["captures"])


def state_of(shop: Engine, service: str) -> str:
    return next(row.state for row in shop.status() if row.name == service)


@pytest.mark.parametrize("fault", [Reset(*LINK), Refuse(*LINK)], ids=["reset", "refuse"])
def test_what_never_arrives_is_told_at_once_and_costs_nothing(buy: Buy, shop: Engine, fault: Fault) -> None:
    with shop.inject(fault):
        assert buy("A1", patience_s=5.0).status_code == 503
        assert captures(shop) == 0
    assert buy("A2").status_code == 201


def test_a_lost_answer_was_carried_out(buy: Buy, shop: Engine) -> None:
    with shop.inject(LoseAnswer(*LINK, "reset", count=1)):
        assert buy("A1").status_code == 503
        assert captures(shop) == 1, "payments had done it"
        assert buy("A2").status_code == 201, "one answer was to be lost"


def test_an_answer_lost_in_silence_is_waited_for(buy: Buy, shop: Engine) -> None:
    with shop.inject(LoseAnswer(*LINK, "hang", count=1)):
        with pytest.raises(httpx.ReadTimeout):
            buy("A1", patience_s=1.0)
        assert captures(shop) == 1
        assert buy("A2").status_code == 201


def test_jitter_delays_each_answer(buy: Buy, shop: Engine) -> None:
    with shop.inject(Jitter(*LINK, 1.0, 1.5)):
        assert buy("A1").elapsed.total_seconds() >= 1.0


def test_a_paused_service_goes_on_when_its_lease_ends(buy: Buy, shop: Engine) -> None:
    told: list[int] = []
    thread = threading.Thread(target=lambda: told.append(buy("A1").status_code))
    with shop.inject(Pause("payments")):
        assert state_of(shop, "payments") == "paused"
        thread.start()
        thread.join(0.5)
        assert not told
    thread.join(20)
    assert told == [201]
    assert state_of(shop, "payments") == "healthy"


def test_a_killed_service_serves_again_when_its_lease_has_ended(buy: Buy, shop: Engine) -> None:
    with shop.inject(Kill("payments")):
        assert state_of(shop, "payments") == "exited"
        assert buy("A1").status_code == 503
    assert state_of(shop, "payments") == "healthy"
    assert buy("A2").status_code == 201
