"""An instrumented shop: it sells the seats of one event by the contract, and writes down who asked for what, and when.

It is for judging visitors, as the shop is for being visited: it has no flaw, no load slows it down, and it is the same
whatever the learner's own shop has become. Somebody new gets a cookie, as shops do it, and is known by it from then on.
"""

import json
import random
import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any

from breakwater.ledger import prices

EVENT = "opening-night"
COOKIE = "visitor"
LARGEST_BODY = 16 * 1024
HOLD = timedelta(seconds=120)
FREE = 0.6  # of the seats, so that a seat that nobody looked up is soon one that is sold
TOO_LATE = (4, 11)  # which of those who ask for a hold come too late, whoever they are: somebody was quicker
DECLINED_CARD = "4000000000000002"

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, Any]


@dataclass(frozen=True)
class Arrival:
    """One request: who asked for what, and what they were told.

    `asked` and `told` are the bodies, read as JSON (None where there is none); times are in seconds by one clock.
    """

    visitor: str
    method: str
    path: str
    asked: Any
    asked_s: float
    status: int
    told: Any
    answered_s: float


@dataclass
class Wish:
    """Who has a seat, and by which hold."""

    hold: str
    buyer: str
    is_bought: bool = False


class InstrumentedShop:
    """An ASGI application. `arrivals` grows by one a request, in the order in which they were answered.

    Which seats are free at the beginning is drawn from `draw`; `now` is the clock.
    """

    def __init__(self, draw: random.Random, now: Callable[[], float]) -> None:
        self.arrivals: list[Arrival] = []
        self._now = now
        self._prices = {seat: price for (event, seat), price in prices.load().items() if event == EVENT}
        free = draw.sample(sorted(self._prices), round(FREE * len(self._prices)))
        self._taken = {seat: Wish("", "somebody", is_bought=True) for seat in self._prices.keys() - set(free)}
        self._orders: dict[str, dict[str, Any]] = {}
        self._asked_holds = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked_s, method, path = self._now(), scope["method"], scope["path"]
        visitor = _visitor_of(scope["headers"])
        asked = _json(await _body(receive))
        status, told = self._answer(method, path, asked)
        name = visitor or uuid.uuid4().hex[:8]
        with suppress(OSError):  # who asked has gone
            await _say(send, status, told, "" if visitor else name)
        self.arrivals.append(Arrival(name, method, path, asked, asked_s, status, told, self._now()))

    def _answer(self, method: str, path: str, asked: Any) -> Answer:
        match method, path.strip("/").split("/"):
            case "GET", ["events", event, "seats"] if event == EVENT:
                return 200, self._list()
            case "GET", ["events", event] if event == EVENT:
                return 200, {"id": EVENT, "title": "Opening night", "free_seats": self._free()}
            case "GET", ["events"]:
                return 200, [{"id": EVENT, "title": "Opening night"}]
            case "GET", ["orders", order_id] if order_id in self._orders:
                return 200, self._orders[order_id]
            case "POST", ["holds"]:
                return self._odd(asked, "event", "seat", "buyer") or self._hold(asked)
            case "POST", ["orders"]:
                return self._odd(asked, "event", "seat", "buyer", "card") or self._sell(asked)
        return _problem(404, "There is nothing at this address.")

    def _list(self) -> list[dict[str, Any]]:
        return [
            {"seat": seat, "price_cents": price, "sold": seat in self._taken} for seat, price in self._prices.items()
        ]

    def _free(self) -> int:
        return len(self._prices) - len(self._taken)

    def _odd(self, asked: Any, *names: str) -> Answer | None:
        """The refusal of a body that is not what the contract asks for, or names what there is not."""
        if not isinstance(asked, dict) or not all(isinstance(asked.get(name), str) and asked[name] for name in names):
            return _problem(422, f"The body is a JSON object with {', '.join(names)}, each a text.")
        if "card" in names and not re.fullmatch(r"\d{12,19}", asked["card"]):
            return _problem(422, "A card's number has 12 to 19 digits.")
        if asked["event"] != EVENT or asked["seat"] not in self._prices:
            return _problem(404, "There is no such event or seat.")
        return None

    def _hold(self, asked: dict[str, Any]) -> Answer:
        seat = asked["seat"]
        self._asked_holds += 1
        if self._asked_holds in TOO_LATE:
            self._taken.setdefault(seat, Wish("", "somebody", is_bought=True))
        if seat in self._taken:
            return _problem(409, "Somebody else has this seat.")
        hold = self._taken[seat] = Wish(str(uuid.uuid4()), asked["buyer"])
        named = {"id": hold.hold, "event": EVENT, "seat": seat, "price_cents": self._prices[seat]}
        return 201, named | {"expires_at": (datetime.now(UTC) + HOLD).isoformat()}

    def _sell(self, asked: dict[str, Any]) -> Answer:
        """Sell a seat: to whom it is held for, under that hold; without one, if it is free."""
        seat, hold = asked["seat"], asked.get("hold")
        wish = self._taken.setdefault(seat, Wish("", asked["buyer"])) if hold is None else self._taken.get(seat)
        if not wish or wish.is_bought or (wish.hold, wish.buyer) != (hold or "", asked["buyer"]):
            return _problem(409, "Somebody else has this seat.")
        if asked["card"] == DECLINED_CARD:
            return _problem(402, "The card was declined.")
        wish.is_bought = True
        order: dict[str, Any] = {"id": str(uuid.uuid4()), "event": EVENT, "seat": seat, "buyer": asked["buyer"]}
        order |= {"amount_cents": self._prices[seat], "status": "confirmed"}
        self._orders[order["id"]] = order
        return 201, order


async def _body(receive: Receive) -> bytes:
    """The body, or so much of it that it is too long to be one."""
    raw, more = b"", True
    while more and len(raw) <= LARGEST_BODY:
        message = await receive()
        raw += message.get("body", b"")
        more = bool(message.get("more_body", False))
    return raw


def _json(raw: bytes) -> Any:
    with suppress(ValueError, RecursionError):
        return json.loads(raw) if len(raw) <= LARGEST_BODY else None
    return None


def _visitor_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The name in the cookie; empty for somebody new."""
    for name, value in headers:
        if name == b"cookie":
            with suppress(CookieError):
                cookie = SimpleCookie(value.decode("latin-1")).get(COOKIE)
                return cookie.value[:40] if cookie else ""
    return ""


async def _say(send: Send, status: int, told: Any, newcomer: str) -> None:
    kind = b"application/json" if status < 400 else b"application/problem+json"
    body = json.dumps(told).encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if newcomer:
        headers.append((b"set-cookie", f"{COOKIE}={newcomer}; Path=/; HttpOnly".encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _problem(status: int, detail: str) -> Answer:
    return status, {"status": status, "title": detail}
