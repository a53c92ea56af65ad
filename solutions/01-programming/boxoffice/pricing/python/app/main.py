"""What a seat costs in the end, and what a booking of several comes to.

Pricing keeps nothing: an answer hangs on the question and on the price list alone.
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel, Field, StringConstraints

from . import leaving, logs, problems
from .problems import Problem, documented
from .settings import Settings
from .tariff import amounts

KEEP_ALIVE_S = 30  # longer than the callers' pools keep a connection
NOT_PRICED = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


class Booking(BaseModel):
    event: Name
    seats: int = Field(strict=True, ge=1, le=100)


class Quote(Booking):
    listed_cents: int = Field(description="what the seats cost by the price list")
    discount_cents: int
    fee_cents: int
    total_cents: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.prices = Settings().prices
    yield


logs.configure("pricing")
# A path with one slash more is another path.
app = FastAPI(title="pricing", description=__doc__, lifespan=lifespan, redirect_slashes=False)
app.add_middleware(logs.RequestLog)
problems.install(app)


def the_price_list(request: Request) -> dict[str, int]:
    prices: dict[str, int] = request.app.state.prices
    return prices


Prices = Annotated[dict[str, int], Depends(the_price_list)]


@app.get("/prices/{event}", responses=documented(*NOT_PRICED))
async def price(event: Name, prices: Prices) -> Quote:
    """What one seat of an event comes to, if one takes the cheapest."""
    return _quote(prices, event, 1)


@app.post("/quotes", responses=documented(*NOT_PRICED))
async def quote(booking: Booking, prices: Prices) -> Quote:
    """What a booking of several seats comes to."""
    return _quote(prices, booking.event, booking.seats)


def _quote(prices: dict[str, int], event: str, seats: int) -> Quote:
    if event not in prices:
        raise Problem(HTTPStatus.NOT_FOUND, f"There is no price for {event}.")
    found = amounts(prices[event], seats)
    return Quote(
        event=event,
        seats=seats,
        listed_cents=found.listed_cents,
        discount_cents=found.discount_cents,
        fee_cents=found.fee_cents,
        total_cents=found.total_cents,
    )


@app.get("/healthz", include_in_schema=False)
async def alive() -> dict[str, str]:
    """The process serves."""
    return {"status": "ok"}


@app.get("/readyz", include_in_schema=False)
async def ready() -> dict[str, str]:
    """Pricing asks nobody, so it is ready from when it serves until it is told to stop."""
    if leaving.told.is_set():
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "This one is about to stop: ask another.")
    return {"status": "ready"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        log_config=None,  # it stands already
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=leaving.FINISH_S,
    )
    leaving.Server(config).run()  # which ends the process with a failure where it cannot start
