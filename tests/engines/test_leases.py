"""Faults of services as leases, on a shop that runs: they heal when their holder ends them, or dies."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from breakwater.engines.embedded import EmbeddedEngine
from breakwater.errors import BadInput, ShopDidNotStart
from breakwater.faults.kill import Kill
from breakwater.faults.lose_answer import LoseAnswer
from breakwater.faults.pause import Pause
from breakwater.faults.refuse import Refuse
from breakwater.faults.reset import Reset
from tests.waiting import until

pytestmark = pytest.mark.shop
HOLDER = """
import sys
from pathlib import Path
from breakwater.engines import ShopSpec
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.faults.pause import Pause
engine = EmbeddedEngine(ShopSpec(Path(sys.argv[1]), Path(sys.argv[2])))
with engine.inject(Pause("back")):
    print("paused", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def shop(running: EmbeddedEngine) -> EmbeddedEngine:
    running.reset()
    return running


@pytest.fixture
def buyer(shop: EmbeddedEngine) -> Iterator[httpx.Client]:
    # A connection a visit: the front closes one on which it failed.
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=shop.endpoint("front"), timeout=20, trust_env=False, limits=limits) as client:
        yield client


def state_of(shop: EmbeddedEngine, service: str) -> str:
    return next(row.state for row in shop.status() if row.name == service)


def test_a_paused_service_answers_when_its_lease_ends(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    done: list[int] = []
    with shop.inject(Pause("back")):
        assert state_of(shop, "back") == "paused"
        thread = threading.Thread(target=lambda: done.append(buyer.post("/visits").json()))
        thread.start()
        thread.join(0.2)
        assert not done
    thread.join(10)
    assert done == [1]
    assert state_of(shop, "back") == "healthy"


def test_a_paused_service_goes_on_when_its_holder_is_killed(shop: EmbeddedEngine) -> None:
    where = [str(shop.spec.folder), str(shop.spec.state)]
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, *where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "paused\n"
        assert state_of(shop, "back") == "paused"
        holder.kill()
        until(lambda: state_of(shop, "back") == "healthy")


def test_a_pause_lasts_until_its_last_holder_has_gone(shop: EmbeddedEngine) -> None:
    with shop.inject(Pause("back")):
        with shop.inject(Pause("back")):
            pass
        assert state_of(shop, "back") == "paused"
    assert state_of(shop, "back") == "healthy"


def test_a_killed_service_is_down_while_it_lasts_and_serves_at_its_end(
    buyer: httpx.Client, shop: EmbeddedEngine
) -> None:
    assert buyer.post("/visits").json() == 1
    with shop.inject(Kill("back")):
        assert state_of(shop, "back") == "exited"
        assert buyer.post("/visits").status_code == 500
    assert buyer.post("/visits").json() == 2, "what it had committed is there"


def test_a_killed_service_that_does_not_start_again_is_told_at_the_end(
    make_engine: Callable[..., EmbeddedEngine], stub_copy: Path
) -> None:
    shop = make_engine(stub_copy)
    shop.up()
    with pytest.raises(ShopDidNotStart, match="back did not start"), shop.inject(Kill("back")):
        (stub_copy / "back/app/main.py").write_text("raise SystemExit('no more')\n")


@pytest.mark.parametrize(("service", "said"), [("bck", "Did you mean `back`"), ("postgres", "server of the engine")])
def test_a_fault_of_no_service_is_the_users_mistake(shop: EmbeddedEngine, service: str, said: str) -> None:
    for fault in (Pause(service), Kill(service)):
        with pytest.raises(BadInput, match=said), shop.inject(fault):
            pass


def test_an_answer_lost_on_a_link_was_carried_out(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    with shop.inject(LoseAnswer("front", "back", count=1)):
        assert buyer.post("/visits").status_code == 500
        assert buyer.post("/visits").json() == 2, "the first visit was counted, and one answer was to be lost"


@pytest.mark.parametrize("kind", [Reset, Refuse])
def test_what_never_arrives_is_not_carried_out(
    buyer: httpx.Client, shop: EmbeddedEngine, kind: type[Reset] | type[Refuse]
) -> None:
    with shop.inject(kind("front", "back")):
        assert buyer.post("/visits").status_code == 500
    assert buyer.post("/visits").json() == 1


def test_a_grpc_call_whose_answer_is_lost_fails_and_the_link_heals(buyer: httpx.Client, shop: EmbeddedEngine) -> None:
    greet = {"name": "Ada"}
    assert buyer.get("/greetings", params=greet).json() == "hello Ada"
    with shop.inject(LoseAnswer("front", "teller")):
        assert buyer.get("/greetings", params=greet).json() == "UNAVAILABLE"
    assert buyer.get("/greetings", params=greet).json() == "hello Ada"
