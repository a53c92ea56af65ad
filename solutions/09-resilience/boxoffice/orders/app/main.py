"""Orders' interface: buy a seat, ask for an order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.ext.asyncio import create_async_engine

from . import logs, models, problems, settlement
from .book import HoldUsed, OrderBook
from .inventory import Inventory, NoAnswer, NoSuchSeat, SeatTaken
from .payments import Payments
from .problems import Problem, documented
from .settings import Settings
from .settlement import Neighbours

READY_WITHIN_S = 1.0
MOST_WAITING = 20  # while payments is not worth asking: what is settled in a second or two when it is well again
NOT_FOUND = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)

Name = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,100}$")]


class Purchase(BaseModel):
    event: Name
    seat: Name
    buyer: str = Field(pattern=r"^[^\x00]{1,200}$")
    card: str = Field(pattern=r"^\d{12,19}$")
    hold: UUID | None = Field(None, description="the hold under which to buy; without it, the order takes its own")


class Order(BaseModel, from_attributes=True):
    id: UUID
    event: str
    seat: str
    buyer: str
    amount_cents: int
    status: Literal["pending", "confirmed", "declined", "cancelled"]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = Settings()
    engine = create_async_engine(settings.database_url, pool_pre_ping=True)
    app.state.book = OrderBook(engine)
    app.state.neighbours = Neighbours(Inventory(settings.inventory_url), Payments(settings.payments_url))
    async with settlement.running(app.state.book, app.state.neighbours):
        yield
    await app.state.neighbours.inventory.close()
    await app.state.neighbours.payments.close()
    await engine.dispose()


logs.configure("orders")
app = FastAPI(title="orders", description=__doc__, lifespan=lifespan)
app.add_middleware(logs.RequestLog)
problems.install(app)


def order_book(request: Request) -> OrderBook:
    book: OrderBook = request.app.state.book
    return book


def the_neighbours(request: Request) -> Neighbours:
    neighbours: Neighbours = request.app.state.neighbours
    return neighbours


Book = Annotated[OrderBook, Depends(order_book)]
Ask = Annotated[Neighbours, Depends(the_neighbours)]


async def placed_order(purchase: Purchase, book: Book, ask: Ask) -> models.Order:
    """Hold the seat and write the order down. Raises a Problem if it cannot be had, or too many wait already."""
    if not ask.payments.is_worth_asking and await book.pending() >= MOST_WAITING:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "No payment can be taken now; nothing was charged.")
    order_id = uuid4()
    hold_id, deal = purchase.hold or order_id, purchase.model_dump(include={"event", "seat", "buyer"})
    try:
        amount_cents = await ask.inventory.hold(hold_id, **deal)
        terms = {"amount_cents": amount_cents, "status": "pending", "card": purchase.card}
        order = models.Order(id=order_id, hold_id=hold_id, **deal, **terms)
        return await book.place(order, due_at_once=not ask.payments.is_worth_asking)
    except NoSuchSeat:
        raise Problem(HTTPStatus.NOT_FOUND, f"{purchase.event} has no seat {purchase.seat}.") from None
    except (SeatTaken, HoldUsed):
        raise Problem(HTTPStatus.CONFLICT, f"Seat {purchase.seat} is taken.") from None
    except NoAnswer:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "No seat can be held now; nothing was charged.") from None


@app.post(
    "/orders",
    status_code=HTTPStatus.CREATED,
    response_model=Order,
    responses={HTTPStatus.ACCEPTED: {"model": Order, "description": "Accepted: ask at `Location` how it ends"}}
    | documented(HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE, *NOT_FOUND),
)
async def buy(purchase: Purchase, response: Response, book: Book, ask: Ask) -> models.Order:
    """Buy a seat. What the answers mean is in contracts/outcomes.md."""
    order = await placed_order(purchase, book, ask)
    order = await settlement.settle(order, purchase.card, book, ask)
    if order.status == "declined":
        raise Problem(HTTPStatus.PAYMENT_REQUIRED, "The card was declined; nothing was charged.")
    if order.status == "cancelled":
        raise Problem(HTTPStatus.CONFLICT, f"The hold of seat {order.seat} has expired; nothing was charged.")
    if order.status == "pending":
        response.status_code = HTTPStatus.ACCEPTED
    response.headers["Location"] = f"/orders/{order.id}"
    return order


@app.get("/orders/{order_id}", response_model=Order, responses=documented(*NOT_FOUND))
async def show(order_id: UUID, book: Book) -> models.Order:
    """Show an order as it stands."""
    if order := await book.find(order_id):
        return order
    raise Problem(HTTPStatus.NOT_FOUND, f"There is no order {order_id}.")


@app.get("/healthz", include_in_schema=False)
async def alive() -> dict[str, str]:
    """The process serves; it asks nobody else, so that no other's trouble gets this one restarted."""
    return {"status": "ok"}


@app.get("/readyz", include_in_schema=False)
async def ready(book: Book) -> dict[str, str]:
    """The database answers, so requests may come."""
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            await book.answers()
    except Exception as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer.") from error
    return {"status": "ready"}
