"""Counts visits in its database, and asks the provider. It also tells what it can see, for the tests of walls."""

import os
import subprocess
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, suppress
from multiprocessing import get_context
from pathlib import Path

import asyncpg
import httpx
from fastapi import FastAPI

from .work import twice


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with (
        asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1) as app.state.pool,
        httpx.AsyncClient(base_url=os.environ["PROVIDER_URL"]) as app.state.provider,
    ):
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/readyz")
async def ready() -> str:
    await app.state.pool.fetchval("SELECT 1")
    return "ready"


@app.post("/visits")
async def visit() -> int:
    return await app.state.pool.fetchval("INSERT INTO visits DEFAULT VALUES RETURNING id")


@app.post("/captures")
async def capture() -> int:
    return (await app.state.provider.post("/captures")).json()


@app.get("/spawned")
def spawned() -> bool:
    """Whether another process can compute something of ours."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        found, pid = pool.submit(twice, 21).result()
    return found == 42 and pid != os.getpid()


@app.get("/environment")
async def environment() -> dict[str, str]:
    return dict(os.environ)


@app.get("/sees")
def sees(path: str) -> bool:
    return Path(path).exists()


@app.get("/reads")
def reads(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError as error:
        return f"error: {error.strerror}"


@app.get("/processes")
def processes() -> list[str]:
    return [Path("/proc", pid, "cmdline").read_text() for pid in os.listdir("/proc") if pid.isdigit()]


@app.post("/daemons")
def daemon() -> int:
    return subprocess.Popen(["sleep", "600"], start_new_session=True).pid


@app.post("/signals")
def send_signal(pid: int, number: int) -> None:
    with suppress(OSError):
        os.kill(pid, number)


@app.get("/writes")
def writes(path: str) -> str:
    try:
        Path(path).write_text("here")
        return "written"
    except OSError as error:
        return f"error: {error.strerror}"
