"""A model of the shop in one process, behind a real HTTP server, as an engine: to try checks on designs.

A design is one coroutine, `design(world, order)`, that returns the status that the buyer is told. The world offers
what services have: `charge` (orders → payments → provider, with the faults on that way), the books, `refund`. The
design of the event page is another, `page(world, event, rid)`, which returns a status, a body and an age in seconds, or
None; it has `ask_catalog`. Whatever comes in takes one of the gateway's `places`.
"""

import asyncio
import contextlib
import json
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn

from breakwater.buyer import DECLINED_CARD
from breakwater.engines import Exchange, ServiceStatus
from breakwater.errors import BadInput, EngineTrouble
from breakwater.faults import Fault
from breakwater.faults.kill import Kill
from breakwater.ledger import prices

PRICES = prices.load()

Order = dict[str, Any]


LINKS = {("gateway", "catalog"), ("gateway", "orders"), ("orders", "payments"), ("payments", "provider")}
EVENTS = {"opening-night", "quay-concert", *(f"evening-{number}" for number in range(1, 121))}


class Lost(Exception):
    """No answer came."""


class Declined(Exception):
    """The provider said no."""


class World:
    """State and weather of the model."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.captures: list[dict[str, Any]] = []
        self.refunds: list[dict[str, Any]] = []
        self.paid: dict[str, list[dict[str, Any]]] = {}
        self.faults: dict[tuple[str, str], Fault] = {}
        self.behaviour: dict[str, Any] = {}
        self.exchanges: list[Exchange] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        self.breaker_open = False
        self.next_trial_at = 0.0
        self.dead: set[str] = set()
        self.holds: set[tuple[str, str]] = set()
        self.memory: dict[str, Any] = {}
        self.stuck: set[str] = set()
        self.sold_to: dict[str, str] = {}
        self.prices = dict(PRICES)

    def behind(self, work: Awaitable[Any]) -> asyncio.Task[Any]:
        """Do this in the background."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def asked(self, order: Order, caller: str, callee: str, request: str) -> None:
        """One service has asked another, and a link has seen it; the answer is on its way for a moment."""
        asked_at = time.time()
        await asyncio.sleep(0.02)
        self.exchanges.append(Exchange(caller, callee, request, order["rid"], asked_at, time.time(), 200))

    async def charge(self, order: Order, key: str | None = None) -> dict[str, Any]:
        """Capture the order's amount. It is carried out whether or not the caller stays. Raises Lost or Declined."""
        return await asyncio.shield(self.behind(self._charge(order, key)))

    async def _charge(self, order: Order, key: str | None) -> dict[str, Any]:
        asked_at = time.time()
        self.exchanges.append(Exchange("orders", "payments", "POST /payments", order["rid"], asked_at, None, None))
        self.exchanges.append(Exchange("payments", "provider", "POST /captures", order["rid"], asked_at, None, None))
        late_s = 0.0
        for link in (("orders", "payments"), ("payments", "provider")):
            while (fault := self.faults.get(link)) and fault.kind == "hang":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            late_s += getattr(fault, "latency_s", 0.0)
        if order["card"] == DECLINED_CARD:
            await asyncio.sleep(late_s)
            raise Declined
        capture = self.captured(order, key)
        if any(fault.kind == "lose-answer" for fault in self.faults.values()):
            raise Lost
        if self.behaviour.get("lose_answers", 0) > 0:
            self.behaviour["lose_answers"] -= 1
            if self.behaviour.get("lose_how") == "hang":
                await asyncio.sleep(3600)
            raise Lost
        await asyncio.sleep(late_s)
        return capture

    def captured(self, order: Order, key: str | None) -> dict[str, Any]:
        known = [c for c in self.paid.get(order["id"], []) if key is not None and c["idempotency_key"] == key]
        if known:
            return known[0]
        row = {
            "id": uuid.uuid4().hex,
            "reference": order["id"],
            "amount_cents": order["amount_cents"],
            "at": time.time(),
        }
        self.captures.append(row | {"idempotency_key": key})
        self.paid.setdefault(order["id"], []).append(self.captures[-1])
        return self.captures[-1]

    def seats(self, event: str) -> list[dict[str, Any]]:
        """The event's list; `stuck` are seats that are sold though nobody has them."""
        live = [order for order in self.orders.values() if order["status"] in ("pending", "confirmed")]
        taken = {order["seat"] for order in live if order["event"] == event} | self.stuck
        taken |= {seat for its, seat in self.holds if its == event}
        return [
            {"seat": seat, "price_cents": cents, "sold": seat in taken}
            for (its, seat), cents in self.prices.items()
            if its == event
        ]

    def free_seats(self, event: str) -> int:
        return sum(not seat["sold"] for seat in self.seats(event))

    async def ask_catalog(self, event: str, rid: str) -> dict[str, Any]:
        """What the catalog says of an event, or {}. Waits where it hangs, raises Lost where it is dead."""
        asked_at = time.time()
        while ("gateway", "catalog") in self.faults:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if "catalog" in self.dead:
            raise Lost
        status = 200 if event in EVENTS else 404
        self.exchanges.append(
            Exchange("gateway", "catalog", f"GET /events/{event}", rid, asked_at, time.time(), status)
        )
        venue = {"id": "hall", "name": "The Hall", "city": "Breakwater"}
        about = {"id": event, "title": event.title(), "description": "…", "starts_at": "2027-09-03T18:30:00Z"}
        return {**about, "venue": venue} if status == 200 else {}

    def refund(self, order: Order) -> None:
        """Give back whatever was captured for the order so far."""
        for capture in self.paid.get(order["id"], []):
            if not capture.get("given_back"):
                capture["given_back"] = True
                self.refunds.append({"id": uuid.uuid4().hex, "capture_id": capture["id"], "at": time.time()})

    async def forget(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        self.__init__()  # type: ignore[misc]


Design = Callable[[World, Order], Awaitable[int]]
Page = Callable[[World, str, str], Awaitable[tuple[int, dict[str, Any], int | None]]]
MANY = 10_000


async def remembers(world: World, event: str, rid: str) -> tuple[int, dict[str, Any], int | None]:
    """Asks the catalog for half a second; then shows what it said last, and says when that was."""
    try:
        about = await asyncio.wait_for(world.ask_catalog(event, rid), 0.5)
    except (Lost, TimeoutError):
        if event not in world.memory:
            return 503, {}, None
        about, known_at = world.memory[event]
        return 200, {**about, "free_seats": world.free_seats(event)}, int(time.time() - known_at)
    if not about:
        return 404, {}, None
    world.memory[event] = about, time.time()
    return 200, {**about, "free_seats": world.free_seats(event)}, None


class ModelEngine:
    """The model as an Engine. A context manager: the server runs inside it."""

    name = "model"

    def __init__(self, design: Design, *, page: Page = remembers, places: int = MANY, broken: str = "") -> None:
        self.world, self.design, self.page, self.broken = World(), design, page, broken
        self.places = asyncio.Semaphore(places)
        self.resets = 0

    def __enter__(self) -> "ModelEngine":
        quiet = {"log_level": "error", "lifespan": "off", "interface": "asgi3"}
        config = uvicorn.Config(self._app, host="127.0.0.1", port=0, **quiet)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(5)

    def up(self) -> list[ServiceStatus]:
        if self.broken == "reset" and self.resets:
            raise EngineTrouble("The disk is still full.")
        return [ServiceStatus("gateway", "healthy", 1, 0.1)]

    def down(self) -> None:
        pass

    def status(self) -> list[ServiceStatus]:
        return self.up()

    def reset(self) -> None:
        self.resets += 1
        if self.broken == "reset":
            raise EngineTrouble("The disk is full.")
        asyncio.run_coroutine_threadsafe(self.world.forget(), self._loop).result(5)

    def endpoint(self, service: str) -> str:
        return f"http://127.0.0.1:{self._port}"

    @contextlib.contextmanager
    def inject(self, fault: Fault) -> Iterator[None]:
        if isinstance(fault, Kill):
            self.world.dead.add(fault.service)
            yield
            self.world.dead.discard(fault.service)
            return
        if (fault.caller, fault.callee) not in LINKS:
            raise BadInput(f"This shop has no link {fault.caller} → {fault.callee}.")
        self.world.faults[fault.caller, fault.callee] = fault
        yield
        del self.world.faults[fault.caller, fault.callee]

    def provider(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if self.broken == "provider":
            raise EngineTrouble("The provider's controls do not answer.")
        if method == "PUT":
            self.world.behaviour = dict(body or {})
        return {"captures": list(self.world.captures), "refunds": list(self.world.refunds)}

    def trace(self) -> list[Exchange]:
        return list(self.world.exchanges)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self._loop = asyncio.get_running_loop()
        body = json.loads((await receive())["body"] or b"{}")
        rid = dict(scope["headers"])[b"x-request-id"].decode()
        async with self.places:
            await self._serve(scope["method"], scope["path"], body, rid, send)

    async def _serve(self, method: str, path: str, body: Order, rid: str, send: Any) -> None:
        world, name = self.world, path.rpartition("/")[2]
        if (method, name) == ("POST", "holds"):
            world.holds.add((body["event"], body["seat"]))
            until = (datetime.now(UTC) + timedelta(seconds=120)).isoformat()
            await _send(send, 201, [], {"id": uuid.uuid4().hex, **body, "price_cents": 4500, "expires_at": until})
        elif method == "POST":
            cents = PRICES.get((body["event"], body["seat"]), 4500)
            order = {"id": uuid.uuid4().hex, **body, "amount_cents": cents, "status": "pending", "rid": rid}
            await _answer(send, await self.design(world, order), order)
        elif name == "seats":
            await _send(send, 200, [], world.seats(path.split("/")[2]))
        elif path.startswith("/events/"):
            status, page, age_s = await self.page(world, name, rid)
            await _send(send, status, [] if age_s is None else [(b"age", str(age_s).encode())], page)
        else:
            order = world.orders.get(name, {})
            await _answer(send, 200 if order else 404, order)


async def _answer(send: Any, status: int, order: Order) -> None:
    good = status < 400
    shown = {key: order[key] for key in ("id", "event", "seat", "buyer", "amount_cents", "status")} if good else {}
    headers = [(b"location", f"/orders/{order['id']}".encode())] if status == 202 else []
    await _send(send, status, headers, shown)


async def _send(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: Any) -> None:
    kind = b"application/json" if status < 400 else b"application/problem+json"
    headers = [(b"content-type", kind), *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
