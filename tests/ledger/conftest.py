"""A real shop whose stores the judge's side can reach, to plant what a ledger must find."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench import _stores
from breakwater import paths
from breakwater.cli.shop import open_shop

sys.path.insert(0, str(Path(__file__).parent.parent / "checks"))  # the model of a shop, and its designs


@dataclass
class Planter:
    """Reaches into a running shop where no buyer can: into its stores, and to the provider."""

    engine: Any

    async def sql(self, table: str, statement: str, *values: object) -> list[Any]:
        """Run a statement on the store that holds `table`, with the rights of the service that owns it."""
        return await _stores.sql(self.engine, table, statement, *values)

    async def holds(self, table: str) -> bool:
        """Whether any store holds this table."""
        try:
            await self.sql(table, "SELECT")
        except LookupError:
            return False
        return True

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
