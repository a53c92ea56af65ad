"""What buyers see of the box office: seats, and orders for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from . import logs, problems
from .backend import Backend
from .problems import documented
from .settings import Settings

NOT_FOUND = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
NO_ANSWER = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)

Name = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,100}$")]


class Purchase(BaseModel):
    event: Name
    seat: Name
    buyer: str = Field(pattern=r"^[^\x00]{1,200}$")
    card: str = Field(pattern=r"^\d{12,19}$")


class Order(BaseModel):
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
    app.state.orders = Backend("orders", Settings().orders_url)
    yield
    await app.state.orders.close()


logs.configure("gateway")
app = FastAPI(title="gateway", description=__doc__, lifespan=lifespan)
app.add_middleware(logs.RequestLog)
problems.install(app)


def orders_service(request: Request) -> Backend:
    orders: Backend = request.app.state.orders
    return orders


Orders = Annotated[Backend, Depends(orders_service)]


@app.post(
    "/orders",
    status_code=HTTPStatus.CREATED,
    response_model=Order,
    responses={HTTPStatus.ACCEPTED: {"model": Order, "description": "Accepted: ask at `Location` how it ends"}}
    | documented(
        HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE, *NOT_FOUND, *NO_ANSWER
    ),
)
async def buy(purchase: Purchase, orders: Orders) -> Response:
    """Buy a seat. What the answers mean is in contracts/outcomes.md."""
    return await orders.ask("POST", "/orders", purchase.model_dump())


@app.get("/orders/{order_id}", response_model=Order, responses=documented(*NOT_FOUND, *NO_ANSWER))
async def show(order_id: UUID, orders: Orders) -> Response:
    """Show an order as it stands."""
    return await orders.ask("GET", f"/orders/{order_id}")


@app.get("/events/{event}/seats", response_model=list[Seat], responses=documented(*NOT_FOUND, *NO_ANSWER))
async def seats(event: Name, orders: Orders) -> Response:
    """List an event's seats."""
    return await orders.ask("GET", f"/events/{event}/seats")


@app.get("/healthz", include_in_schema=False)
@app.get("/readyz", include_in_schema=False)
async def alive() -> dict[str, str]:
    """The gateway keeps nothing: when it serves, it is ready. Trouble behind it is told request by request."""
    return {"status": "ok"}
