"""A real shop whose stores the judge's side can reach, to plant what a ledger must find."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from breakwater import paths
from breakwater.cli.shop import open_shop

sys.path.insert(0, str(Path(__file__).parent.parent / "checks"))  # the model of a shop, and its designs


@dataclass
class Planter:
    """Reaches into a running shop where no buyer can: into its stores, and to the provider."""

    engine: Any

    async def sql(self, table: str, statement: str, *values: object) -> list[Any]:
        """Run a statement on the store that holds `table`, with the rights of the service that owns it."""
        for address in self._addresses():
            store = await asyncpg.connect(address, ssl=False)
            try:
                if await store.fetchval("SELECT to_regclass($1)", table):
                    return list(await store.fetch(statement, *values))
            finally:
                await store.close()
        raise LookupError(f"no store of this shop has a table {table}")

    async def capture(self, reference: str, amount_cents: int = 4500) -> dict[str, Any]:
        """Have the provider take money, as if the shop had asked."""
        body = {"reference": reference, "amount_cents": amount_cents, "card": "4242424242424242"}
        return await self._provider("/captures", body)

    async def refund(self, reference: str) -> None:
        """Have the provider give back what was captured for an order."""
        books = await asyncio.to_thread(self.engine.provider, "GET", "/books")
        for capture in books["captures"]:
            if capture["reference"] == reference:
                await self._provider("/refunds", {"capture_id": capture["id"]})

    async def _provider(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.engine.endpoint("provider"), verify=False) as client:
            answer = await client.post(path, json=body)
            answer.raise_for_status()
            made: dict[str, Any] = answer.json()
            return made

    def _addresses(self) -> list[str]:
        """The stores' addresses, as the services were told them."""
        pids = [status.pid for status in self.engine.status() if status.pid]
        found = (psutil.Process(pid).environ().get("DATABASE_URL", "") for pid in pids)
        return sorted({address.replace("+asyncpg", "") for address in found if address})


@pytest.fixture(scope="module")
def planter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planter]:
    """The naive shop, where `course … --shop` finds it; each service a process that shows its environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BREAKWATER_STATE", str(tmp_path_factory.mktemp("s")))
        patch.setenv("BREAKWATER_LAUNCHER", "plain")
        engine = open_shop("embedded", paths.BOXOFFICE, lease=True)
        engine.up()
        yield Planter(engine)
        engine.down()
