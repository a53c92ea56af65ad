"""The program that carries a shop's links between containers: `python -m breakwater.engines.sidecar`.

It runs in a container of its own, in the shop's networks, with the same fault proxies as the embedded engine. A
supervisor asks it over a published port: a line of JSON with a token, then an answer as in `control`. A fault lasts
as long as the connection that asked for it. It also leads to the provider's controls, whose socket it shares.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from socket import SOCK_STREAM
from typing import Any

from breakwater.engines.composition import CONTROL_PORT
from breakwater.engines.control import error_to_json, exchange_to_json
from breakwater.engines.description import BUYER, Link
from breakwater.engines.proxy import LinkProxy
from breakwater.engines.readiness import ask_once
from breakwater.errors import BadInput, CourseError
from breakwater.faults import Fault, LinkFault

EVERYWHERE = "0.0.0.0"
JUDGE = Path("/judge")

Request = dict[str, Any]


class Sidecar:
    """`links` are rows of caller, callee, the callee's port, the port to listen on, whether the callee speaks gRPC."""

    def __init__(self, links: list[tuple[str, str, int, int, bool]], token: str, socket: str) -> None:
        self._token = token
        self._socket = socket
        self._used = False
        self._ports = {Link(caller, callee): listens for caller, callee, _, listens, _ in links}
        self._doors = {callee: (port, grpc) for _, callee, port, _, grpc in links}
        self._proxies = {
            Link(caller, callee): LinkProxy(Link(caller, callee), port, self._touch, host=callee)
            for caller, callee, port, _, _ in links
        }
        self._ops: dict[str, Callable[[Request], Awaitable[Any]]] = {
            "fresh": self._fresh,
            "hold": self._hold,
            "ready": self._ready,
            "release": self._release,
            "trace": self._trace,
            "used": self._is_used,
        }

    async def serve(self) -> None:
        for link, proxy in self._proxies.items():
            await proxy.listen(self._ports[link], EVERYWHERE)
        async with await asyncio.start_server(self._answer, EVERYWHERE, CONTROL_PORT) as server:
            await server.serve_forever()

    def _touch(self) -> None:
        self._used = True

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            request = json.loads(await reader.readline() or b"{}")
            if request.pop("token", "") == self._token:
                await self._serve_one(request, reader, writer)
        writer.close()

    async def _serve_one(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        op = request.get("op", "")
        try:
            if op == "provider":
                await self._lead_to_provider(reader, writer)
            elif op == "inject":
                await self._inject(request, reader, writer)
            else:
                _say(writer, done=await self._ops[op](request))
        except CourseError as error:
            _say(writer, error=error_to_json(error))
        await writer.drain()

    async def _inject(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = Fault.from_json(request["fault"])
        assert isinstance(fault, LinkFault)
        proxy = self._proxies[Link(fault.caller, fault.callee)]
        proxy.add(fault)
        try:
            _say(writer, progress=None)
            await _gone(reader)
        finally:
            await proxy.remove(fault)
        _say(writer, done=None)

    async def _fresh(self, request: Request) -> None:
        """Cut and forget everything, and throw the books of the judge's side away."""
        for proxy in self._proxies.values():
            proxy.cut()
            proxy.forget()
            proxy.release()
        _empty(JUDGE)

    async def _hold(self, request: Request) -> None:
        self._proxies[Link(request["caller"], request["callee"])].hold()

    async def _release(self, request: Request) -> None:
        """Let every caller of a service through that was held until it is healthy."""
        for link, proxy in self._proxies.items():
            if link.callee == request["callee"]:
                proxy.release()

    async def _ready(self, request: Request) -> str:
        """Ask every instance of a service whether it is ready: an empty string, or what the first of them answered."""
        port, grpc = self._doors[request["service"]]
        try:
            found = await asyncio.get_running_loop().getaddrinfo(request["service"], port, type=SOCK_STREAM)
        except OSError:
            return "nobody has its name"
        said = [await ask_once(port, grpc=grpc, host=str(address[0])) for *_, address in found]
        return next(filter(None, said), "")

    async def _trace(self, request: Request) -> Any:
        exchanges = [each for proxy in self._proxies.values() for each in proxy.exchanges()]
        return [exchange_to_json(each) for each in sorted(exchanges, key=lambda each: each.asked_at)]

    async def _is_used(self, request: Request) -> bool:
        """Whether anybody has called anything since the last time that this was asked, or is connected."""
        used, self._used = self._used, False
        return used or any(proxy.connections for link, proxy in self._proxies.items() if link.caller == BUYER)

    async def _lead_to_provider(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._socket:
            raise BadInput("This shop has no card provider.")
        with contextlib.suppress(OSError):
            its_reader, its_writer = await asyncio.open_unix_connection(self._socket)
            await asyncio.gather(_carry(reader, its_writer), _carry(its_reader, writer))
            its_writer.close()


def _empty(folder: Path) -> None:
    """Remove all files below; the folders stay, as the volumes' owners made them."""
    for entry in folder.glob("*/**/*"):
        if not entry.is_dir():
            entry.unlink(missing_ok=True)


def _say(writer: asyncio.StreamWriter, **answer: Any) -> None:
    if not writer.is_closing():
        writer.write(json.dumps(answer).encode() + b"\n")


async def _gone(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def _run() -> None:
    environment = os.environ
    sidecar = Sidecar(json.loads(environment["LINKS"]), environment["TOKEN"], environment["SOCKET"])
    serving = asyncio.create_task(sidecar.serve())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    asyncio.run(_run())
