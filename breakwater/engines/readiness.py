"""Waiting until a service says that it is ready: over HTTP at /readyz, over gRPC by its health protocol."""

import asyncio
from collections.abc import Awaitable, Callable

from breakwater.engines.process import Process

READY = "/readyz"
POLL_S = 0.01
ANSWER_S = 2.0

Ask = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[str]]
"""Asks over a connection whether a service is ready: an empty string if it is, else what it answered."""


async def until_ready(process: Process, port: int, within_s: float, *, grpc: bool = False) -> str:
    """Wait until a service answers that it is ready: an empty string, or why it is not."""
    said = ""
    try:
        async with asyncio.timeout(within_s):
            while process.alive:
                said = await ask_once(port, grpc=grpc)
                if not said:
                    return ""
                await asyncio.wait([process.exited], timeout=POLL_S)
    except TimeoutError:
        return f"was not healthy within {within_s:g} s: {said}"
    return f"ended with status {process.exited.result()}"


async def ask_once(port: int, *, grpc: bool = False, host: str = "127.0.0.1") -> str:
    """Ask a service whether it is ready: an empty string if it is, else what it answered."""
    ask = _grpc() if grpc else _readyz
    writer = None
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(host, port)
            return await ask(reader, writer)
    except (TimeoutError, ValueError):  # first: a TimeoutError is an OSError
        return "it listened at its port, and did not answer"
    except OSError:
        return "nothing listened at its port"
    finally:
        if writer:
            writer.close()


async def _readyz(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    writer.write(f"GET {READY} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    status = (await reader.readline())[9:12].decode("latin-1")
    return "" if status == "200" else f"{READY} answered {status or 'nothing'}"


def _grpc() -> Ask:
    from breakwater.engines.grpc_health import ask  # imported where a shop has such a service, for the start's sake

    return ask
