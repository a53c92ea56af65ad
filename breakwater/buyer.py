"""A buyer: the client that speaks the gateway's contract, and keeps what each buyer was told.

Whatever the shop does is an *observation*. A refused connection, a reset, a body that is no JSON, a status that
the contract does not know or no answer at all end as an `Answer` that carries its `trouble`, never as an
exception: the shop is being judged. Only trouble of this machine raises (EngineTrouble).
"""

import asyncio
import errno
import itertools
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote

import httpx

from breakwater import contract
from breakwater.errors import EngineTrouble

GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
EVENT = "opening-night"
LARGEST_BODY = 1_000_000
LOOK = "look-"  # how the request id of somebody begins who only looks, and buys nothing
OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL}


class Reply(Protocol):
    """What each answer has that took its time; see `Answer` for what they mean."""

    @property
    def request_id(self) -> str: ...
    @property
    def asked_at(self) -> float: ...
    @property
    def elapsed_s(self) -> float: ...
    @property
    def status(self) -> int | None: ...
    @property
    def trouble(self) -> str: ...


def answered_at(reply: Reply) -> float:
    """When the answer came or, without one, when its receiver gave up, in UNIX seconds."""
    return reply.asked_at + reply.elapsed_s


def told(reply: Reply) -> str:
    """The answer in a few words, as the end of "a buyer was told"."""
    return reply.trouble or str(reply.status)


@dataclass(frozen=True)
class Answer:
    """What one buyer was told.

    `status` is None where no answer came; `trouble` says why an answer is outside the contract, and is empty for
    one within it. `elapsed_s` is measured around the whole call; `asked_at` and `answered_at` are UNIX seconds.
    """

    buyer: str
    event: str
    seat: str
    card: str
    request_id: str
    asked_at: float
    elapsed_s: float
    status: int | None = None
    order_id: str | None = None
    body: Any = None
    trouble: str = ""

    @property
    def answered_at(self) -> float:
        """When the answer came or, without one, when the buyer gave up."""
        return answered_at(self)

    @property
    def amount_cents(self) -> int | None:
        """What the acknowledged order costs, as the buyer was told; None without one."""
        amount = self.body.get("amount_cents") if self.order_id and isinstance(self.body, dict) else None
        return amount if isinstance(amount, int) else None

    @property
    def told(self) -> str:
        """The answer in a few words, as the end of "a buyer was told"."""
        return told(self)


@dataclass(frozen=True)
class Held:
    """What one buyer was told who asked for a hold of a seat. `until`, in UNIX seconds, is None without a hold."""

    buyer: str
    event: str
    seat: str
    asked_at: float
    elapsed_s: float
    status: int | None = None
    hold_id: str | None = None
    until: float | None = None
    trouble: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class OrderSeen:
    """An order as `GET /orders/{id}` shows it; `status` is None where it does not exist or could not be seen.

    `ended_as` is the first final status in which the same buyer saw it, now or before.
    """

    id: str
    status: str | None = None
    event: str = ""
    seat: str = ""
    buyer: str = ""
    amount_cents: int = 0
    trouble: str = ""
    ended_as: str | None = None

    @property
    def ended(self) -> bool:
        return self.status in contract.FINAL


@dataclass(frozen=True)
class SeatSeen:
    """A seat as `GET /events/{event}/seats` lists it."""

    price_cents: int
    sold: bool


@dataclass(frozen=True)
class SeatsSeen:
    """An event's seats by name; empty, with the `trouble`, where no list could be had. Times are as in `Answer`."""

    event: str
    seats: Mapping[str, SeatSeen] = field(default_factory=dict)
    trouble: str = ""
    request_id: str = ""
    asked_at: float = 0.0
    elapsed_s: float = 0.0
    status: int | None = None


@dataclass(frozen=True)
class Description:
    """What an event is, as its page says."""

    title: str
    venue: str
    starts_at: datetime


@dataclass(frozen=True)
class PageSeen:
    """An event as `GET /events/{event}` shows it. Times, `status` and `trouble` are as in `Answer`.

    `description` and `free_seats` are None where no page was shown; `age_s` is how old the description is, as the
    answer says by `Age`, and None where it does not say.
    """

    event: str
    request_id: str
    asked_at: float
    elapsed_s: float
    status: int | None = None
    description: Description | None = None
    free_seats: int | None = None
    age_s: int | None = None
    trouble: str = ""


@dataclass
class _Heard:
    """One raw answer; `trouble` where none came that can be read."""

    status: int | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: Any = None
    trouble: str = ""


class Buyer:
    """Buys at one gateway, as many buyers at once as are asked for. An async context manager.

    `told` grows by one Answer a purchase, `held` by one Held a hold, `pages` by one PageSeen a page, in the order in
    which the answers came.
    """

    def __init__(self, url: str, *, patience_s: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self.patience_s = patience_s
        self.told: list[Answer] = []
        self._ends: dict[str, str | None] = {}
        self.held: list[Held] = []
        self.pages: list[PageSeen] = []
        self._names = (f"buyer-{n}-{uuid.uuid4().hex[:6]}" for n in itertools.count(1))
        # A connection a call: a buyer comes from somewhere else each time, and a kept one can be closed under us.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(timeout=None, limits=limits, trust_env=False, verify=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def buy(
        self,
        seat: str,
        *,
        event: str = EVENT,
        buyer: str | None = None,
        card: str = GOOD_CARD,
        hold: str | None = None,
        patience_s: float | None = None,
    ) -> Answer:
        """Ask for one seat, under a `hold` if there is one, and wait for the answer, `patience_s` seconds at most."""
        asked = {"event": event, "seat": seat, "buyer": buyer or next(self._names)}
        request_id = uuid.uuid4().hex[:16]
        asked_at, begun = time.time(), time.perf_counter()
        body = {**asked, "card": card} | ({"hold": hold} if hold else {})
        heard = await self._call("POST", "/orders", patience_s, request_id, body)
        elapsed_s = time.perf_counter() - begun
        trouble = heard.trouble
        if heard.status is not None and not trouble:
            trouble = contract.odd_purchase(heard.status, heard.headers, heard.body, asked)
        answer = Answer(
            **asked,
            card=card,
            request_id=request_id,
            asked_at=asked_at,
            elapsed_s=elapsed_s,
            status=heard.status,
            order_id=contract.order_id(heard.status, heard.headers, heard.body),
            body=heard.body,
            trouble=trouble,
        )
        self.told.append(answer)
        return answer

    async def hold(
        self, seat: str, *, event: str = EVENT, buyer: str | None = None, patience_s: float | None = None
    ) -> Held:
        """Ask for a hold of one seat: nobody else can buy it for a while."""
        asked = {"event": event, "seat": seat}
        buyer = buyer or next(self._names)
        request_id = uuid.uuid4().hex[:16]
        asked_at, begun = time.time(), time.perf_counter()
        heard = await self._call("POST", "/holds", patience_s, request_id, {**asked, "buyer": buyer})
        elapsed_s = time.perf_counter() - begun
        trouble = heard.trouble
        if heard.status is not None and not trouble:
            trouble = contract.odd_hold(heard.status, heard.headers, heard.body, asked)
        held = Held(buyer, event, seat, asked_at, elapsed_s, heard.status, request_id=request_id)
        if heard.status == 201 and not trouble:
            held = replace(held, hold_id=heard.body["id"], until=contract.expires_at(heard.body))
        self.held.append(replace(held, trouble=trouble))
        return self.held[-1]

    async def order(self, order_id: str, *, patience_s: float | None = None) -> OrderSeen:
        """Look at one order."""
        heard = await self._call("GET", f"/orders/{quote(order_id, safe='')}", patience_s, LOOK + uuid.uuid4().hex[:16])
        if heard.status is None or heard.trouble:
            return OrderSeen(order_id, trouble=heard.trouble)
        if odd := contract.odd_lookup(heard.status, heard.headers, heard.body, order_id):
            return OrderSeen(order_id, trouble=odd)
        if heard.status != 200:
            return OrderSeen(order_id, trouble=str(heard.status))
        keys = ("status", "event", "seat", "buyer", "amount_cents")
        seen = OrderSeen(order_id, **{key: heard.body.get(key) for key in keys})
        if seen.ended:
            self._ends.setdefault(order_id, seen.status)
        return replace(seen, ended_as=self._ends.get(order_id))

    async def seats(self, event: str = EVENT, *, patience_s: float | None = None) -> SeatsSeen:
        """Look at the list of an event's seats."""
        heard, when = await self._look(f"/events/{quote(event, safe='')}/seats", patience_s)
        trouble = heard.trouble
        if heard.status is not None and not trouble:
            odd = contract.odd_seats(heard.status, heard.headers, heard.body)
            trouble = odd or (str(heard.status) if heard.status != 200 else "")
        rows = [] if trouble else heard.body
        seats = {row["seat"]: SeatSeen(row["price_cents"], row["sold"]) for row in rows}
        return SeatsSeen(event, seats, trouble, status=heard.status, **when)

    async def page(self, event: str = EVENT, *, patience_s: float | None = None) -> PageSeen:
        """Look at an event's page."""
        heard, when = await self._look(f"/events/{quote(event, safe='')}", patience_s)
        trouble = heard.trouble
        if heard.status is not None and not trouble:
            trouble = contract.odd_page(heard.status, heard.headers, heard.body, event)
        page = PageSeen(event, status=heard.status, trouble=trouble, **when)
        starts_at = contract.starts_at(heard.body)
        if heard.status == 200 and starts_at and not trouble:
            page = replace(
                page,
                description=Description(heard.body["title"], heard.body["venue"]["name"], starts_at),
                free_seats=heard.body["free_seats"],
                age_s=contract.age_s(heard.headers),
            )
        self.pages.append(page)
        return page

    async def _look(self, path: str, patience_s: float | None) -> tuple[_Heard, dict[str, Any]]:
        """Look at something; return what was heard, and when it was asked, as fields of a reply."""
        request_id = LOOK + uuid.uuid4().hex[:16]
        asked_at, begun = time.time(), time.perf_counter()
        heard = await self._call("GET", path, patience_s, request_id)
        return heard, {"request_id": request_id, "asked_at": asked_at, "elapsed_s": time.perf_counter() - begun}

    async def _call(
        self, method: str, path: str, patience_s: float | None, request_id: str, body: Any = None
    ) -> _Heard:
        patience_s = self.patience_s if patience_s is None else patience_s
        headers = {"X-Request-ID": request_id}
        try:
            async with (
                asyncio.timeout(patience_s),
                self._client.stream(method, self.url + path, json=body, headers=headers) as response,
            ):
                return await _read(response)
        except TimeoutError:
            return _Heard(trouble=f"nothing: no answer came within {patience_s:.1f} s")
        except httpx.ConnectError as error:
            raise_if_ours(error)
            return _Heard(trouble="nothing: the gateway refused the connection")
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise_if_ours(error)
            return _Heard(trouble=f"nothing that can be read: {_reason(error)}")


async def _read(response: httpx.Response) -> _Heard:
    raw = bytearray()
    async for part in response.aiter_bytes():
        raw += part
        if len(raw) > LARGEST_BODY:
            trouble = f"{response.status_code} with a body of more than {LARGEST_BODY // 1_000_000} MB"
            return _Heard(response.status_code, response.headers, trouble=trouble)
    try:
        body = json.loads(raw)
        json.dumps(body, ensure_ascii=False).encode()  # half of a surrogate pair is no text (RFC 8259, 8.2)
        return _Heard(response.status_code, response.headers, body)
    except (ValueError, RecursionError):
        trouble = f"{response.status_code} with a body that is no JSON"
        return _Heard(response.status_code, response.headers, trouble=trouble)


def raise_if_ours(error: BaseException) -> None:
    """Raise EngineTrouble where this machine ran out of something: that says nothing about the shop."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in OURS:
            raise EngineTrouble(f"This machine cannot open a connection for a buyer: {cause.strerror}.") from error
        cause = cause.__cause__ or cause.__context__


def _reason(error: BaseException) -> str:
    if isinstance(error, httpx.ReadError | httpx.WriteError | ConnectionError):
        return "the connection was cut"
    return str(error).rstrip(".") or type(error).__name__
