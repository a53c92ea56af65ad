"""The supervisor's side of the sidecar: asking it, and holding faults there."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from breakwater.engines.control import error_from_json
from breakwater.errors import EngineTrouble

ANSWER_S = 30.0
LINE = 64 * 1024 * 1024
"""A trace is one line."""


class Carrier:
    """The sidecar that listens on `port` of loopback and knows `token`."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token

    async def ready(self, within_s: float = ANSWER_S) -> None:
        """Return when it answers."""
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            with contextlib.suppress(EngineTrouble):
                await self.ask("used")
                return
            if asyncio.get_running_loop().time() > deadline:
                raise EngineTrouble("The container that carries the links does not answer.")
            await asyncio.sleep(0.02)

    async def ask(self, op: str, **arguments: Any) -> Any:
        """Have one thing done. Raises what the sidecar raised, EngineTrouble if it does not answer."""
        answer, _, writer = await self._asked(op, arguments)
        writer.close()
        return answer["done"]

    @contextlib.asynccontextmanager
    async def inject(self, fault: dict[str, Any]) -> AsyncIterator[None]:
        """Hold a fault, in JSON, on its link."""
        _, reader, writer = await self._asked("inject", {"fault": fault})
        try:
            yield
            with contextlib.suppress(OSError):  # a sidecar that has ended holds nothing
                writer.write_eof()
                await reader.readline()
        finally:
            writer.close()

    async def _asked(
        self, op: str, arguments: dict[str, Any]
    ) -> tuple[dict[str, Any], asyncio.StreamReader, asyncio.StreamWriter]:
        request = {"op": op, "token": self.token, **arguments}
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=LINE)
                writer.write(json.dumps(request).encode() + b"\n")
                line = await reader.readline()
        except (OSError, ValueError) as error:
            raise EngineTrouble(f"The container that carries the links does not answer: {error}") from None
        if not line:
            writer.close()
            raise EngineTrouble("The container that carries the links does not answer.")
        answer = json.loads(line)
        if "error" in answer:
            writer.close()
            raise error_from_json(answer["error"])
        return answer, reader, writer
