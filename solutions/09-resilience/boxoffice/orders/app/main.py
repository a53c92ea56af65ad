"""Orders' interface: buy a seat, ask for an order, list an event's seats."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.ext.asyncio import create_async_engine

from . import logs, models, problems, settlement
from .book import NoSuchSeat, OrderBook, SeatTaken
from .payments import Payments
from .problems import Problem, documented
from .settings import Settings

READY_WITHIN_S = 1.0
NOT_FOUND = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)

Name = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,100}$")]


class Purchase(BaseModel):
    event: Name
    seat: Name
    buyer: str = Field(pattern=r"^[^\x00]{1,200}$")
    card: str = Field(pattern=r"^\d{12,19}$")


class Order(BaseModel, from_attributes=True):
    id: UUID
    event: str
    seat: str
    buyer: str
    amount_cents: int
    status: Literal["pending", "confirmed", "declined", "cancelled"]


class Seat(BaseModel):
    seat: str
    price_cents: int
    sold: bool = Field(description="an order has it, confirmed or still pending")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = Settings()
    engine = create_async_engine(settings.database_url, pool_pre_ping=True)
    app.state.book = OrderBook(engine)
    app.state.payments = Payments(settings.payments_url)
    async with settlement.running(app.state.book, app.state.payments):
        yield
    await app.state.payments.close()
    await engine.dispose()


logs.configure("orders")
app = FastAPI(title="orders", description=__doc__, lifespan=lifespan)
app.add_middleware(logs.RequestLog)
problems.install(app)


def order_book(request: Request) -> OrderBook:
    book: OrderBook = request.app.state.book
    return book


def payments_service(request: Request) -> Payments:
    payments: Payments = request.app.state.payments
    return payments


Book = Annotated[OrderBook, Depends(order_book)]


@app.post(
    "/orders",
    status_code=HTTPStatus.CREATED,
    response_model=Order,
    responses={HTTPStatus.ACCEPTED: {"model": Order, "description": "Accepted: ask at `Location` how it ends"}}
    | documented(HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE, *NOT_FOUND),
)
async def buy(
    purchase: Purchase, response: Response, book: Book, payments: Annotated[Payments, Depends(payments_service)]
) -> models.Order:
    """Buy a seat. What the answers mean is in contracts/outcomes.md."""
    try:
        order = await book.place(purchase.event, purchase.seat, purchase.buyer, purchase.card)
    except NoSuchSeat:
        raise Problem(HTTPStatus.NOT_FOUND, f"{purchase.event} has no seat {purchase.seat}.") from None
    except SeatTaken:
        raise Problem(HTTPStatus.CONFLICT, f"Seat {purchase.seat} is taken.") from None
    order = await settlement.settle(order, purchase.card, book, payments)
    if order.status == "declined":
        raise Problem(HTTPStatus.PAYMENT_REQUIRED, "The card was declined; nothing was charged.")
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


@app.get("/events/{event}/seats", responses=documented(*NOT_FOUND))
async def seats(event: Name, book: Book) -> list[Seat]:
    """List an event's seats."""
    if rows := await book.seats(event):
        return [Seat(seat=row.seat, price_cents=row.price_cents, sold=taken) for row, taken in rows]
    raise Problem(HTTPStatus.NOT_FOUND, f"There is no event {event}.")


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
