"""The provider's public interface: capture money, look captures up, refund them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request, Response
from pydantic import BaseModel, Field

from . import control, logs, problems
from .books import Books, Capture, KeyReused, NoSuchCapture
from .problems import Problem, documented
from .settings import Settings
from .weather import Gone, Weather

DECLINED_CARD = "4000000000000002"


class CaptureRequest(BaseModel):
    reference: str = Field(min_length=1, max_length=200, description="the caller's own name for what is paid")
    amount_cents: int = Field(gt=0)
    card: str = Field(pattern=r"^\d{12,19}$")


class CaptureMade(BaseModel):
    id: str
    reference: str
    amount_cents: int


class RefundRequest(BaseModel):
    capture_id: str


class RefundMade(BaseModel):
    id: str
    capture_id: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = Settings()
    app.state.books, app.state.weather = Books(settings.books), Weather()
    async with control.served(settings.control_socket, app.state.books, app.state.weather):
        yield
    app.state.books.close()


logs.configure("provider")
app = FastAPI(title="provider", description=__doc__, lifespan=lifespan)
app.add_middleware(logs.RequestLog)
problems.install(app)


@app.exception_handler(Gone)
async def gone(_: Request, __: Gone) -> Response:
    """End a request whose answer reaches nobody; the status is for the log (nginx's own: client closed request)."""
    return Response(status_code=499)


def open_books(request: Request) -> Books:
    books: Books = request.app.state.books
    return books


def sky(request: Request) -> Weather:
    weather: Weather = request.app.state.weather
    return weather


OpenBooks = Annotated[Books, Depends(open_books)]
Sky = Annotated[Weather, Depends(sky)]


@app.post(
    "/captures",
    status_code=HTTPStatus.CREATED,
    response_model=CaptureMade,
    responses=documented(HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def capture(
    wanted: CaptureRequest,
    request: Request,
    books: OpenBooks,
    weather: Sky,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Capture:
    """Take money from a card. With an `Idempotency-Key`, at most once for that key."""
    await weather.hold(request, captures=True)
    if wanted.card == DECLINED_CARD:
        raise Problem(HTTPStatus.PAYMENT_REQUIRED, "The card was declined.")
    try:
        made = books.capture(wanted.reference, wanted.amount_cents, idempotency_key)
    except KeyReused:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "This Idempotency-Key belongs to another capture.") from None
    await weather.maybe_lose_the_answer(request)
    return made


@app.get(
    "/captures",
    response_model=list[CaptureMade],
    responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def captures(reference: str, request: Request, books: OpenBooks, weather: Sky) -> list[Capture]:
    """List what has been captured for a reference so far. A capture still being worked on is not on the list."""
    await weather.hold(request)
    return books.find(reference)


@app.post(
    "/refunds",
    status_code=HTTPStatus.CREATED,
    response_model=RefundMade,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def refund(wanted: RefundRequest, request: Request, books: OpenBooks, weather: Sky) -> object:
    """Give a capture's money back. Asked again, it answers with the first refund."""
    await weather.hold(request)
    try:
        return books.refund(wanted.capture_id)
    except NoSuchCapture:
        raise Problem(HTTPStatus.NOT_FOUND, f"There is no capture {wanted.capture_id}.") from None


@app.get("/healthz", include_in_schema=False)
@app.get("/readyz", include_in_schema=False)
async def healthy() -> dict[str, str]:
    return {"status": "ok"}
