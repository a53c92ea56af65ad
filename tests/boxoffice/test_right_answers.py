"""The right answers to module 09, under weather that its checks do not make: processes that die in the middle, and
long hangs whose requests arrive together when they heal."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from breakwater import paths
from breakwater.buyer import Answer, Buyer
from breakwater.checks.overlay import lay_over
from breakwater.dev.patches import Patch
from breakwater.dev.variants import apply
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.faults.hang import Hang
from breakwater.faults.latency import Latency
from breakwater.ledger import Ledger
from breakwater.ledger import load as load_invariants
from tests.boxoffice.conftest import up
from tests.proven import unless_proven
from tests.waiting import until

pytestmark = pytest.mark.shop
MODULE = paths.SOLUTIONS / "09-resilience"
MORE_THAN_CONNECTIONS = 20  # SQLAlchemy's pool has 15
OTHERS = sorted((MODULE / "other").glob("*.patch"))


@dataclass
class Stage:
    """One running shop, its buyers, and the seats that nobody has asked for."""

    engine: EmbeddedEngine
    buyer: Buyer
    seats: Iterator[str]
    before: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def goes_on(self) -> None:
        """Take the shop as it is, once it sells and its books balance; count requests from here."""
        async with asyncio.timeout(20):
            while (await self.buyers(1))[0].status not in (201, 202):  # noqa: ASYNC110 (only buying tells)
                await asyncio.sleep(0.2)
        await self.balances()
        self.before = self._asked()

    async def buyers(self, count: int) -> list[Answer]:
        return list(await asyncio.gather(*(self.buyer.buy(next(self.seats)) for _ in range(count))))

    async def balances(self) -> None:
        """The checks hold the time; here, on a machine that may be busy, it is the end that counts."""
        await Ledger(self.engine, self.buyer, load_invariants(paths.INVARIANTS)).balances(within_s=20.0)

    def captures(self) -> int:
        return len(self.engine.provider("GET", "/books")["captures"])

    async def eventually_asked(self, caller: str, callee: str, at_least: int) -> None:
        """Return when so many more requests have gone over a link."""
        what = f"{at_least} requests from {caller} to {callee}"
        enough = self.before[caller, callee] + at_least
        await asyncio.to_thread(until, lambda: self._asked()[caller, callee] >= enough, within_s=10, what=what)

    def _asked(self) -> Counter[tuple[str, str]]:
        return Counter((exchange.caller, exchange.callee) for exchange in self.engine.trace())


@pytest.fixture(
    scope="module",
    params=unless_proven([None, *OTHERS]),
    ids=lambda other: other.stem if other else "reference",
)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    shop = lay_over(MODULE / "boxoffice", tmp_path_factory.mktemp("shop") / "shop")
    if request.param:
        apply(Patch(request.param, "other", request.param.read_text()), shop)
    with up(shop) as engine:
        yield engine


@pytest.fixture(scope="module")
def seats(running: EmbeddedEngine) -> Iterator[str]:
    return iter([f"{row}{number}" for row in "ABCDEFGHI" for number in range(1, 21)])


@pytest.fixture
async def stage_as_left(running: EmbeddedEngine, seats: Iterator[str]) -> AsyncIterator[Stage]:
    """The shop as the test before left it, on a sunny day: a reset takes as long as a test."""
    async with Buyer(running.endpoint("gateway")) as buyer:
        stage = Stage(running, buyer, seats)
        await stage.goes_on()
        yield stage


@pytest.fixture
async def stage(running: EmbeddedEngine, seats: Iterator[str]) -> AsyncIterator[Stage]:
    running.reset()
    async with Buyer(running.endpoint("gateway")) as buyer:
        yield Stage(running, buyer, seats)


@asynccontextmanager
async def provider(stage: Stage, **behaviour: object) -> AsyncIterator[None]:
    """The card provider behaves so meanwhile."""
    await asyncio.to_thread(stage.engine.provider, "PUT", "/behaviour", behaviour)
    yield
    await asyncio.to_thread(stage.engine.provider, "PUT", "/behaviour", {})


@pytest.mark.parametrize("victim", ["inventory", "orders", "payments"])
@pytest.mark.parametrize("how", ["kill", "restart"])
async def test_the_books_balance_when_a_service_dies_in_the_middle(stage_as_left, victim, how):
    stage = stage_as_left
    async with provider(stage, latency_s=0.5):
        purchases = asyncio.create_task(stage.buyers(5))
        await stage.eventually_asked("payments", "provider", at_least=1)
        await asyncio.to_thread(getattr(stage.engine, how), victim)
        if how == "kill":
            await asyncio.to_thread(stage.engine.restart, victim)
        await purchases
    await stage.balances()


async def test_what_hung_for_long_and_arrives_together_is_paid_once(stage):
    with stage.engine.inject(Hang("orders", "payments")):
        await stage.buyers(8)
        await stage.eventually_asked("orders", "payments", at_least=14)
    await stage.balances()


async def test_orders_dies_while_payments_hangs(stage):
    with stage.engine.inject(Hang("orders", "payments")):
        purchases = asyncio.create_task(stage.buyers(8))
        await stage.eventually_asked("orders", "payments", at_least=4)
        await asyncio.to_thread(stage.engine.kill, "orders")
        await purchases
        await asyncio.to_thread(stage.engine.restart, "orders")
        await stage.eventually_asked("orders", "payments", at_least=9)
    await stage.balances()


async def test_what_hung_on_its_way_to_the_inventory_takes_no_seat_for_nobody(stage):
    await stage.buyers(1)  # on a connection that is open, the questions arrive when the link heals
    with stage.engine.inject(Hang("orders", "inventory")):
        answers = await stage.buyers(4)
    assert {answer.status for answer in answers} == {503}
    await stage.balances()


async def test_a_purchase_under_a_hold_of_its_own(stage):
    async with httpx.AsyncClient(base_url=stage.engine.endpoint("gateway"), verify=False, timeout=5) as client:
        wish = {"event": "opening-night", "seat": "J1", "buyer": "ann"}
        hold = (await client.post("/holds", json=wish)).json()
        purchase = {**wish, "card": "4242424242424242", "hold": hold["id"]}
        answers = await asyncio.gather(*(client.post("/orders", json=purchase) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers)[1:] == [409, 409]
    await stage.balances()


async def test_the_provider_is_slow_and_loses_answers(stage_as_left):
    stage = stage_as_left
    async with provider(stage, latency_s=1.2, lose_answers=6, lose_how="hang"):
        await stage.buyers(6)
    await stage.balances()


async def test_the_provider_fails_for_most(stage_as_left):
    stage = stage_as_left
    async with provider(stage, fail=0.7):
        await stage.buyers(6)
    await stage.balances()


async def test_many_who_wait_for_payments_do_not_hold_the_database(stage):
    """More buyers wait than orders has connections, and seats can be listed meanwhile."""
    await stage.buyers(6)  # all that is made at a service's first request is made
    with stage.engine.inject(Hang("orders", "payments")):
        purchases = [asyncio.create_task(stage.buyers(1)) for _ in range(MORE_THAN_CONNECTIONS)]
        await stage.eventually_asked("orders", "payments", at_least=4)
        async with httpx.AsyncClient(verify=False, timeout=5) as client:
            answer = await client.get(stage.engine.endpoint("gateway") + "/events/opening-night/seats")
        assert sum(row["sold"] for row in answer.json()) > 0
        await asyncio.gather(*purchases)
    await stage.balances()


async def test_requests_for_one_order_at_once_take_money_once(stage):
    payment = {"order_id": str(uuid.uuid4()), "amount_cents": 4500, "card": "4242424242424242"}
    async with provider(stage, latency_s=0.3), httpx.AsyncClient(verify=False, timeout=5) as client:
        url = stage.engine.endpoint("payments") + "/payments"
        answers = await asyncio.gather(*(client.post(url, json=payment) for _ in range(4)))
        again = await client.post(url, json=payment)
    assert stage.captures() == 1
    paid = {answer.json()["capture_id"] for answer in [*answers, again] if answer.status_code == 201}
    assert len(paid) == 1
    assert again.status_code == 201


async def test_payments_never_says_not_paid_when_it_does_not_know(stage):
    payment = {"order_id": str(uuid.uuid4()), "amount_cents": 4500, "card": "4242424242424242"}
    async with provider(stage, lose_answers=1), httpx.AsyncClient(verify=False, timeout=5) as client:
        answer = await client.post(stage.engine.endpoint("payments") + "/payments", json=payment)
    assert answer.status_code == 504
    assert stage.captures() == 1


async def test_a_gateway_does_not_wait_for_ever_for_orders(stage):
    with stage.engine.inject(Hang("gateway", "orders")):
        async with httpx.AsyncClient(verify=False, timeout=10) as client:
            answer = await client.get(stage.engine.endpoint("gateway") + f"/orders/{uuid.uuid4()}")
        assert answer.status_code == 504
    with stage.engine.inject(Latency("gateway", "orders", 0.2)):
        [answer] = await stage.buyers(1)
    assert answer.trouble == ""
