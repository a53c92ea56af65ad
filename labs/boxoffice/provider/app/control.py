"""The judge's side of the provider: its controls and its books, on a Unix socket of their own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from .books import Books
from .weather import Behaviour, Weather


def build(books: Books, weather: Weather) -> FastAPI:
    """Return the app that shows these books and sets this weather."""
    app = FastAPI(title="provider's controls")

    @app.get("/books")
    async def show() -> dict[str, Any]:
        return {"captures": list(books.captures.values()), "refunds": list(books.refunds.values())}

    @app.get("/behaviour")
    async def behaviour() -> Behaviour:
        return weather.behaviour

    @app.put("/behaviour")
    async def behave(behaviour: Behaviour) -> Behaviour:
        weather.change(behaviour)
        return behaviour

    @app.post("/reset")
    async def reset() -> Behaviour:
        """Empty the books, and forget every request that still waits."""
        books.clear()
        weather.change(Behaviour(), new_era=True)
        return weather.behaviour

    return app


@asynccontextmanager
async def served(path: Path | None, books: Books, weather: Weather) -> AsyncIterator[None]:
    """Serve the controls on a Unix socket at `path` meanwhile; nothing if it is None."""
    if path is None:
        yield
        return
    config = uvicorn.Config(build(books, weather), log_config=None, access_log=False, lifespan="off")
    server = _Guest(config)
    with _listening(path) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield
        server.should_exit = True
        await serving


class _Guest(uvicorn.Server):
    """A server within another server's process: the signals are the host's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # what an earlier process left behind
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)
