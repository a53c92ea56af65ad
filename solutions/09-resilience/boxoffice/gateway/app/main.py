"""What buyers see of the box office: events, seats, holds and orders."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from . import logs, problems
from .backend import Backend
from .catalog import Catalog
from .inventory import Inventory
from .problems import Problem, documented
from .settings import Settings

NOT_FOUND = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
CATALOG_WITHIN_S = 0.5  # what it last said is at hand, so that there is little sense in waiting
ORDERS_WITHIN_S = 2.4  # more than orders allows itself, so that it can tell what it knows
PRICING_WITHIN_S = 0.5
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


class Price(BaseModel):
    """What one seat comes to, if one takes the cheapest."""

    listed_cents: int
    fee_cents: int
    total_cents: int


class Offer(BaseModel):
    event: Event
    free_seats: int = Field(description="0 as well for an event that is not on sale yet")
    price: Price | None = Field(description="null for an event that is not on sale yet")
    after: list[Event] = Field(description="what comes next")


class Wish(BaseModel):
    event: Name
    seat: Name
    buyer: str = Field(pattern=r"^[^\x00]{1,200}$")


class Hold(BaseModel):
    id: UUID
    event: str
    seat: str
    price_cents: int
    expires_at: datetime


class Purchase(Wish):
    card: str = Field(pattern=r"^\d{12,19}$")
    hold: UUID | None = Field(None, description="the hold under which to buy; without it, the order takes its own")


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
    sold: bool = Field(description="somebody has it: an order, confirmed or still pending, or a hold")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = Settings()
    app.state.catalog = Catalog(settings.catalog_url, deadline_s=CATALOG_WITHIN_S, places=20)
    app.state.inventory = Inventory(settings.inventory_url)
    app.state.orders = Backend("orders", settings.orders_url, deadline_s=ORDERS_WITHIN_S, places=60)
    app.state.pricing = Backend("pricing", settings.pricing_url, deadline_s=PRICING_WITHIN_S, places=20)
    yield
    await app.state.catalog.close()
    await app.state.inventory.close()
    await app.state.orders.close()
    await app.state.pricing.close()


logs.configure("gateway")
app = FastAPI(title="gateway", description=__doc__, lifespan=lifespan)
app.add_middleware(logs.RequestLog)
problems.install(app)


def catalog_service(request: Request) -> Catalog:
    catalog: Catalog = request.app.state.catalog
    return catalog


def inventory_service(request: Request) -> Inventory:
    inventory: Inventory = request.app.state.inventory
    return inventory


def orders_service(request: Request) -> Backend:
    orders: Backend = request.app.state.orders
    return orders


def pricing_service(request: Request) -> Backend:
    pricing: Backend = request.app.state.pricing
    return pricing


Programme = Annotated[Catalog, Depends(catalog_service)]
Seats = Annotated[Inventory, Depends(inventory_service)]
Orders = Annotated[Backend, Depends(orders_service)]
Pricing = Annotated[Backend, Depends(pricing_service)]


@app.post("/holds", status_code=HTTPStatus.CREATED, responses=documented(HTTPStatus.CONFLICT, *NOT_FOUND, *NO_ANSWER))
async def hold(wish: Wish, inventory: Seats) -> Hold:
    """Keep a seat for a buyer who has not decided yet, until `expires_at`."""
    hold_id = uuid4()
    price_cents, expires_at = await inventory.hold(hold_id, wish.event, wish.seat, wish.buyer)
    return Hold(id=hold_id, event=wish.event, seat=wish.seat, price_cents=price_cents, expires_at=expires_at)


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
    return await orders.ask("POST", "/orders", purchase.model_dump(mode="json"))


@app.get("/orders/{order_id}", response_model=Order, responses=documented(*NOT_FOUND, *NO_ANSWER))
async def show(order_id: UUID, orders: Orders) -> Response:
    """Show an order as it stands."""
    return await orders.ask("GET", f"/orders/{order_id}")


@app.get(
    "/events",
    response_model=list[Event],
    responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, *NO_ANSWER),
)
async def events(catalog: Programme, q: Wanted = "", limit: Annotated[int, Query(ge=1, le=200)] = 20) -> Response:
    """List events: those that are found, the best first; without `q` all, the next one first."""
    return await catalog.ask("GET", f"/events?{urlencode({'q': q, 'limit': limit})}")


@app.get("/events/{event}", response_model=EventPage, responses=documented(*NOT_FOUND, *NO_ANSWER))
async def event_page(event: Name, catalog: Programme, inventory: Seats, response: Response) -> Response | EventPage:
    """Show an event, and how many of its seats are free. `Age` says how old its description is, if it is not of now."""
    about = await catalog.event(event)
    if about.status_code != HTTPStatus.OK:
        return about
    try:
        free_seats = sum(not seat.taken for seat in await inventory.seats(event))
    except Problem as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        free_seats = 0
    if "Age" in about.headers:
        response.headers["Age"] = about.headers["Age"]
    return EventPage(**json.loads(about.body), free_seats=free_seats)


@app.get("/events/{event}/offer", responses=documented(*NOT_FOUND, *NO_ANSWER))
async def offer(event: Name, catalog: Programme, inventory: Seats, pricing: Pricing) -> Offer:
    """Show all that somebody asks before buying: the event, its free seats, what one comes to, and what is on next."""
    about = await catalog.fetch(f"/events/{event}")
    if about is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"There is no event {event}.")
    price = await pricing.fetch(f"/prices/{event}")
    free_seats = sum(not seat.taken for seat in await inventory.seats(event)) if price else 0
    after = await catalog.fetch(f"/events/{event}/after")
    return Offer(event=about, free_seats=free_seats, price=price, after=after or [])


@app.get("/tours", response_class=Response, responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, *NO_ANSWER))
async def tours(catalog: Programme, until: date) -> Response:
    """List the tours of the house to this day, one a line, as CSV."""
    return await catalog.ask("GET", f"/tours?until={until}")


@app.get("/events/{event}/seats", responses=documented(*NOT_FOUND, *NO_ANSWER))
async def seats(event: Name, inventory: Seats) -> list[Seat]:
    """List an event's seats."""
    listed = await inventory.seats(event)
    return [Seat(seat=seat.seat, price_cents=seat.price_cents, sold=seat.taken) for seat in listed]


@app.get("/healthz", include_in_schema=False)
@app.get("/readyz", include_in_schema=False)
async def alive() -> dict[str, str]:
    """The gateway keeps nothing: when it serves, it is ready. Trouble behind it is told request by request."""
    return {"status": "ok"}
