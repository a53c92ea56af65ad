"""A model of the shop in one process, behind a real HTTP server, as an engine: to try checks on designs.

A design is one coroutine, `design(world, order)`, that returns the status that the buyer is told. The world offers
what services have: `charge` (orders → payments → provider, with the faults on that way), the books, `refund`.
"""

import asyncio
import contextlib
import json
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import uvicorn

from breakwater.buyer import DECLINED_CARD
from breakwater.engines import Exchange, ServiceStatus
from breakwater.errors import BadInput, EngineTrouble
from breakwater.faults import Fault
from breakwater.ledger import prices

PRICES = prices.load()

Order = dict[str, Any]


LINKS = {("gateway", "orders"), ("orders", "payments"), ("payments", "provider")}


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
        self.faults: dict[tuple[str, str], Fault] = {}
        self.behaviour: dict[str, Any] = {}
        self.exchanges: list[Exchange] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        self.breaker_open = False
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
        late_s = 0.0
        for link in (("orders", "payments"), ("payments", "provider")):
            while (fault := self.faults.get(link)) and fault.kind == "hang":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            late_s += getattr(fault, "latency_s", 0.0)
        if order["card"] == DECLINED_CARD:
            await asyncio.sleep(late_s)
            raise Declined
        capture = self.captured(order, key)
        self.exchanges.append(Exchange("orders", "payments", "POST /payments", order["rid"], asked_at, None, None))
        if self.behaviour.get("lose_answers", 0) > 0:
            self.behaviour["lose_answers"] -= 1
            if self.behaviour.get("lose_how") == "hang":
                await asyncio.sleep(3600)
            raise Lost
        await asyncio.sleep(late_s)
        return capture

    def captured(self, order: Order, key: str | None) -> dict[str, Any]:
        known = [c for c in self.captures if key is not None and c["idempotency_key"] == key]
        if known:
            return known[0]
        row = {
            "id": uuid.uuid4().hex,
            "reference": order["id"],
            "amount_cents": order["amount_cents"],
            "at": time.time(),
        }
        self.captures.append(row | {"idempotency_key": key})
        return self.captures[-1]

    def seats(self, event: str) -> list[dict[str, Any]]:
        """The event's list; `stuck` are seats that are sold though nobody has them."""
        held = {order["seat"] for order in self.orders.values() if order["status"] in ("pending", "confirmed")}
        return [
            {"seat": seat, "price_cents": cents, "sold": seat in held | self.stuck}
            for (its, seat), cents in self.prices.items()
            if its == event
        ]

    def refund(self, order: Order) -> None:
        """Give back whatever was captured for the order so far."""
        done = {refund["capture_id"] for refund in self.refunds}
        for capture in self.captures:
            if capture["reference"] == order["id"] and capture["id"] not in done:
                self.refunds.append({"id": uuid.uuid4().hex, "capture_id": capture["id"], "at": time.time()})

    async def forget(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        self.__init__()  # type: ignore[misc]


Design = Callable[[World, Order], Awaitable[int]]


class ModelEngine:
    """The model as an Engine. A context manager: the server runs inside it."""

    name = "model"

    def __init__(self, design: Design, *, broken: str = "") -> None:
        self.world, self.design, self.broken = World(), design, broken
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
        if scope["method"] == "POST":
            rid = dict(scope["headers"])[b"x-request-id"].decode()
            order = {"id": uuid.uuid4().hex, **body, "amount_cents": 4500, "status": "pending", "rid": rid}
            await _answer(send, await self.design(self.world, order), order)
        elif scope["path"].endswith("/seats"):
            await _send(send, 200, [], self.world.seats(scope["path"].split("/")[2]))
        else:
            order = self.world.orders.get(scope["path"].rpartition("/")[2], {})
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
