"""The neighbours of `orders` on a trial's stage, and the judge's way to it. Runs in a container of ours.

The inventory (gRPC) has every seat, at one price. Payments (HTTP) takes the money of every card but one, and answers
when the judge lets it. The *door* carries bytes to `orders`, which is reached from nowhere else. What the judge asks
comes over a port of its own: a line of JSON with a token, and a line for an answer.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

EVERYWHERE = "0.0.0.0"
QUESTIONS, DOOR = 19999, 20000  # as `stage` publishes them
PAYMENTS, INVENTORY = 8000, 9000
ORDERS = ("orders", 8000)
DECLINED_CARD = "4000000000000002"
SERVICE = "boxoffice.inventory.v1.Inventory"
HELD = b"\x08\x94\x23"  # HoldResponse(price_cents=4500), as protobuf writes it
SERVING = b"\x08\x01"  # HealthCheckResponse(status=SERVING)

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Answer = tuple[int, dict[str, Any]]


class Neighbours:
    """`asked` counts the payments that were asked for; while `open_` is not set none of them is answered."""

    def __init__(self, token: str) -> None:
        self.asked = 0
        self.open_ = asyncio.Event()
        self.open_.set()
        self._token = token

    async def serve(self) -> None:
        inventory = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        inventory.add_generic_rpc_handlers((_handlers(SERVICE, INVENTORY_SAYS), _handlers(HEALTH, HEALTH_SAYS)))
        inventory.add_insecure_port(f"{EVERYWHERE}:{INVENTORY}")
        await inventory.start()
        served = {PAYMENTS: self._payments, DOOR: self._lead_to_orders, QUESTIONS: self._question}
        servers = [await asyncio.start_server(serve, EVERYWHERE, port) for port, serve in served.items()]
        await asyncio.gather(*(server.serve_forever() for server in servers))

    async def _question(self, reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            question = json.loads(await reader.readline() or b"{}")
            if question.get("token") == self._token:
                writer.write(json.dumps({"done": self._done(str(question.get("op")))}).encode() + b"\n")
                await writer.drain()
        writer.close()

    def _done(self, op: str) -> Any:
        if op == "shut":
            self.open_.clear()
        elif op == "open":
            self.open_.set()
        return self.asked

    async def _payments(self, reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            while True:
                first, *rows = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
                headers = {name.strip().lower(): value.strip() for name, _, value in (r.partition(":") for r in rows)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, path, _ = first.split(" ", 2)
                writer.write(_as_http(*await self._answer(method, path, body)))
                await writer.drain()
        writer.close()

    async def _answer(self, method: str, path: str, body: bytes) -> Answer:
        if method == "GET" and path in ("/healthz", "/readyz"):
            return 200, {"status": "ready"}
        if (method, path) != ("POST", "/payments"):
            return 404, {"title": "Not Found", "status": 404, "detail": f"There is no {method} {path} here."}
        wanted = json.loads(body)
        self.asked += 1
        number = self.asked
        await self.open_.wait()
        if wanted.get("card") == DECLINED_CARD:
            return 402, {"title": "Payment Required", "status": 402, "detail": "The card was declined."}
        return 201, {"order_id": wanted["order_id"], "status": "captured", "capture_id": f"capture-{number}"}

    async def _lead_to_orders(self, reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(OSError):
            its_reader, its_writer = await asyncio.open_connection(*ORDERS)
            try:
                await asyncio.gather(_carry(reader, its_writer), _carry(its_reader, writer))
            finally:
                its_writer.close()
        writer.close()


async def _carry(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


def _as_http(status: int, body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    kind = "application/json" if status < 400 else "application/problem+json"
    head = f"HTTP/1.1 {status} Answer\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode("latin-1") + content


def _says(answer: bytes) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def say(request: bytes, context: Any) -> bytes:
        return answer

    return say


def _handlers(service: str, says: dict[str, bytes]) -> Any:
    methods = {name: grpc.unary_unary_rpc_method_handler(_says(answer)) for name, answer in says.items()}
    return grpc.method_handlers_generic_handler(service, methods)


HEALTH = "grpc.health.v1.Health"
INVENTORY_SAYS = {"ListSeats": b"", "Hold": HELD, "Sell": b"", "Release": b""}
HEALTH_SAYS = {"Check": SERVING}

if __name__ == "__main__":
    asyncio.run(Neighbours(os.environ["TOKEN"]).serve())
