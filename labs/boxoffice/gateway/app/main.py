"""What buyers see of the box office: events, seats, and orders for them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from . import logs, problems
from .backend import Backend
from .problems import documented
from .settings import Settings

NOT_FOUND = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
NO_ANSWER = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)

Name = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,100}$")]
Wanted = Annotated[str, Query(pattern=r"^[^\x00]{0,100}$", description="words to be found; typing errors are forgiven")]


class Venue(BaseModel):
    id: str
    name: str
    city: str


class Event(BaseModel):
    id: str
    title: str
    description: str
    starts_at: datetime
    venue: Venue


class EventPage(Event):
    free_seats: int = Field(description="0 as well for an event that is not on sale yet")


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
    settings = Settings()
    app.state.catalog = Backend("catalog", settings.catalog_url)
    app.state.orders = Backend("orders", settings.orders_url)
    yield
    await app.state.catalog.close()
    await app.state.orders.close()


logs.configure("gateway")
app = FastAPI(title="gateway", description=__doc__, lifespan=lifespan)
app.add_middleware(logs.RequestLog)
problems.install(app)


def catalog_service(request: Request) -> Backend:
    catalog: Backend = request.app.state.catalog
    return catalog


def orders_service(request: Request) -> Backend:
    orders: Backend = request.app.state.orders
    return orders


Catalog = Annotated[Backend, Depends(catalog_service)]
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


@app.get(
    "/events",
    response_model=list[Event],
    responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, *NO_ANSWER),
)
async def events(catalog: Catalog, q: Wanted = "", limit: Annotated[int, Query(ge=1, le=200)] = 20) -> Response:
    """List events: those that are found, the best first; without `q` all, the next one first."""
    return await catalog.ask("GET", f"/events?{urlencode({'q': q, 'limit': limit})}")


@app.get("/events/{event}", response_model=EventPage, responses=documented(*NOT_FOUND, *NO_ANSWER))
async def event_page(event: Name, catalog: Catalog, orders: Orders) -> Response | EventPage:
    """Show an event, and how many of its seats are free."""
    about = await catalog.ask("GET", f"/events/{event}")
    if about.status_code != HTTPStatus.OK:
        return about
    listed = await orders.ask("GET", f"/events/{event}/seats")
    if listed.status_code not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
        return listed
    seats = json.loads(listed.body) if listed.status_code == HTTPStatus.OK else []
    return EventPage(**json.loads(about.body), free_seats=sum(not seat["sold"] for seat in seats))


@app.get("/events/{event}/seats", response_model=list[Seat], responses=documented(*NOT_FOUND, *NO_ANSWER))
async def seats(event: Name, orders: Orders) -> Response:
    """List an event's seats."""
    return await orders.ask("GET", f"/events/{event}/seats")


@app.get("/healthz", include_in_schema=False)
@app.get("/readyz", include_in_schema=False)
async def alive() -> dict[str, str]:
    """The gateway keeps nothing: when it serves, it is ready. Trouble behind it is told request by request."""
    return {"status": "ok"}
