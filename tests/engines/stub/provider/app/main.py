"""Keeps books in a file, and answers its controls on a Unix socket."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

BOOKS = Path(os.environ["BOOKS"])


def entries() -> list[str]:
    return BOOKS.read_text().split() if BOOKS.exists() else []


async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = json.dumps({"captures": entries()}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
    await writer.drain()
    writer.close()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with await asyncio.start_unix_server(control, os.environ["CONTROL_SOCKET"]):
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/readyz")
async def ready() -> str:
    return "ready"


@app.post("/captures")
def capture() -> int:
    with BOOKS.open("a") as books:
        books.write("capture\n")
    return len(entries())
