"""Payments' interface: pay for an order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import create_async_engine

from . import logs, problems
from .problems import Problem, documented
from .provider import Declined, NotCaptured, Provider
from .register import Register
from .settings import Settings

READY_WITHIN_S = 1.0


class PaymentRequest(BaseModel):
    order_id: UUID
    amount_cents: int = Field(gt=0)
    card: str = Field(pattern=r"^\d{12,19}$")


class Payment(BaseModel):
    order_id: UUID
    status: Literal["captured"] = "captured"
    capture_id: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = Settings()
    engine = create_async_engine(settings.database_url, pool_pre_ping=True)
    app.state.register = Register(engine)
    app.state.provider = Provider(settings.provider_url)
    yield
    await app.state.provider.close()
    await engine.dispose()


logs.configure("payments")
app = FastAPI(title="payments", description=__doc__, lifespan=lifespan)
app.add_middleware(logs.RequestLog)
problems.install(app)


def payment_register(request: Request) -> Register:
    register: Register = request.app.state.register
    return register


def card_provider(request: Request) -> Provider:
    provider: Provider = request.app.state.provider
    return provider


Payments = Annotated[Register, Depends(payment_register)]


@app.post(
    "/payments",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        HTTPStatus.PAYMENT_REQUIRED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    ),
)
async def pay(
    wanted: PaymentRequest,
    register: Payments,
    provider: Annotated[Provider, Depends(card_provider)],
    x_time_left_s: Annotated[float, Header(gt=0)] = 3.0,
) -> Payment:
    """Take the money for an order. 402 and 503: it was not taken; 504: nobody knows yet."""
    try:
        capture_id = await provider.capture(wanted.order_id, wanted.amount_cents, wanted.card, x_time_left_s)
    except Declined:
        raise Problem(HTTPStatus.PAYMENT_REQUIRED, "The card was declined.") from None
    except NotCaptured:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "The provider did not take the money.") from None
    await register.record(wanted.order_id, wanted.amount_cents, capture_id)
    return Payment(order_id=wanted.order_id, capture_id=capture_id)


@app.get("/healthz", include_in_schema=False)
async def alive() -> dict[str, str]:
    """The process serves; it asks nobody else, so that no other's trouble gets this one restarted."""
    return {"status": "ok"}


@app.get("/readyz", include_in_schema=False)
async def ready(register: Payments) -> dict[str, str]:
    """The database answers, so requests may come."""
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            await register.answers()
    except Exception as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer.") from error
    return {"status": "ready"}
