"""The catalog's interface: find events, and show one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, StringConstraints
from sqlalchemy.ext.asyncio import create_async_engine

from . import logs, models, problems, tours
from .problems import Problem, documented
from .programme import Programme
from .search import best, compare
from .settings import Settings
from .turns import in_turns  # yours

READY_WITHIN_S = 1.0
AFTER = 3  # events that are named as the next ones

Name = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,100}$")]
Wanted = Annotated[str, Query(pattern=r"^[^\x00]{0,100}$", description="words to be found; typing errors are forgiven")]
Until = Annotated[date, Query(ge=tours.FIRST, le=tours.LAST, description="the last day")]


class Venue(BaseModel, from_attributes=True):
    id: str
    name: str
    city: str


class Event(BaseModel, from_attributes=True):
    id: str
    title: str
    description: str
    starts_at: datetime
    venue: Venue


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = create_async_engine(Settings().database_url, pool_pre_ping=True)
    app.state.programme = Programme(engine)
    yield
    await engine.dispose()


logs.configure("catalog")
app = FastAPI(title="catalog", description=__doc__, lifespan=lifespan)
app.add_middleware(logs.RequestLog)
problems.install(app)


def the_programme(request: Request) -> Programme:
    programme: Programme = request.app.state.programme
    return programme


Events = Annotated[Programme, Depends(the_programme)]


@app.get("/events", response_model=list[Event], responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY))
async def events(
    programme: Events, q: Wanted = "", limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> list[models.Event]:
    """List events: those that are found, the best first; without `q` all, the next one first."""
    found = list(await programme.events())
    if q:
        found = best(await in_turns(compare(found, q)))
    return found[:limit]


@app.get(
    "/events/{event}",
    response_model=Event,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def show(event: Name, programme: Events) -> models.Event:
    """Show an event."""
    if found := await programme.find(event):
        return found
    raise Problem(HTTPStatus.NOT_FOUND, f"There is no event {event}.")


@app.get(
    "/events/{event}/after",
    response_model=list[Event],
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def after(event: Name, programme: Events) -> Sequence[models.Event]:
    """List the events that come next after this one."""
    if found := await programme.find(event):
        return await programme.after(found, AFTER)
    raise Problem(HTTPStatus.NOT_FOUND, f"There is no event {event}.")


@app.get("/tours", response_class=Response, responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY))
async def all_tours(until: Until) -> Response:
    """List the tours of the house to this day, one a line, as CSV (RFC 4180)."""
    return Response(tours.HEADER + "".join(tours.lines(until)), media_type=tours.MEDIA_TYPE)


@app.get("/healthz", include_in_schema=False)
async def alive() -> dict[str, str]:
    """The process serves; it asks nobody else, so that no other's trouble gets this one restarted."""
    return {"status": "ok"}


@app.get("/readyz", include_in_schema=False)
async def ready(programme: Events) -> dict[str, str]:
    """The database answers, so requests may come."""
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            await programme.answers()
    except Exception as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer.") from error
    return {"status": "ready"}
