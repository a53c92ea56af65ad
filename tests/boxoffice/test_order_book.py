"""The mended order book on a real PostgreSQL: claims that nobody shares, ends that happen once, cards that go."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from breakwater import paths
from breakwater.checks.overlay import lay_over
from tests.boxoffice.conftest import alembic, load, url

pytestmark = pytest.mark.shop
CARD = "4242424242424242"


@pytest.fixture(scope="module")
def mended(cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mended shop, whose order book has its tables."""
    shop = lay_over(paths.SOLUTIONS / "09-resilience" / "boxoffice", tmp_path_factory.mktemp("shop") / "mended")
    alembic(shop, "orders", cluster, "upgrade head")
    return shop


@pytest.fixture
async def engine(cluster, mended: Path) -> AsyncIterator[AsyncEngine]:
    """A way to the order book, in which is no order."""
    engine = create_async_engine(url(cluster, "orders"))
    await run(engine, "TRUNCATE orders")
    yield engine
    await engine.dispose()


class Book:
    """The order book, and short ways to write in it."""

    def __init__(self, book: Any, order: Any, used: type[Exception]) -> None:
        self._book, self._order, self.used = book, order, used

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)

    async def wish(self, seat: str = "A1", hold_id: UUID | None = None) -> Any:
        deal = {"event": "opening-night", "seat": seat, "buyer": "ann", "amount_cents": 4500, "card": CARD}
        order_id = uuid4()
        order = self._order(id=order_id, hold_id=hold_id or order_id, **deal, status="pending")
        return await self._book.place(order)


@pytest.fixture
def book(engine, mended: Path) -> Any:
    book, order = (load("orders", name, mended) for name in ("book", "models"))
    yield Book(book.OrderBook(engine), order.Order, book.HoldUsed)
    for name in [name for name in sys.modules if name.startswith("mended_orders")]:
        del sys.modules[name]


async def run(engine: AsyncEngine, statement: str) -> list[Any]:
    async with engine.begin() as connection:
        result = await connection.execute(text(statement))
        return list(result) if result.returns_rows else []


async def make_due(engine: AsyncEngine) -> None:
    await run(engine, "UPDATE orders SET retry_at = now()")


async def test_a_fresh_order_is_left_to_its_own_request(book):
    await book.wish()
    assert await book.claim(10) == []


async def test_a_due_order_is_claimed_once_until_it_is_due_again(book, engine):
    order = await book.wish()
    await make_due(engine)
    [claimed] = await book.claim(10)
    assert (claimed.id, claimed.card, claimed.amount_cents) == (order.id, CARD, 4500)
    assert await book.claim(10) == []
    await make_due(engine)
    assert [claimed.id for claimed in await book.claim(10)] == [order.id]


async def test_two_who_claim_at_once_share_nothing(book, engine):
    for number in range(1, 13):
        await book.wish(f"A{number}")
    await make_due(engine)
    claims = await asyncio.gather(*(book.claim(4) for _ in range(4)))
    claimed = [order.id for claim in claims for order in claim]
    assert len(claimed) == len(set(claimed))
    assert max(len(claim) for claim in claims) <= 4


async def test_an_order_ends_once_and_its_card_goes(book, engine):
    order = await book.wish()
    assert (await book.end(order.id, "confirmed")).status == "confirmed"
    assert (await book.end(order.id, "declined")).status == "confirmed"
    assert await run(engine, "SELECT status, card FROM orders") == [("confirmed", None)]
    await make_due(engine)
    assert await book.claim(10) == []


async def test_an_order_of_before_the_mend_is_left_to_a_person(book, engine):
    await book.wish()
    await run(engine, "UPDATE orders SET card = NULL, retry_at = now()")
    assert await book.claim(10) == []


async def test_a_hold_is_for_one_order_until_that_ends_without_it(book):
    hold_id = uuid4()
    order = await book.wish(hold_id=hold_id)
    with pytest.raises(book.used):
        await book.wish(hold_id=hold_id)
    await book.end(order.id, "declined")
    await book.wish(hold_id=hold_id)
