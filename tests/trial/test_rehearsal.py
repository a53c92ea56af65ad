"""In which orders services are made well, and that whoever waits for one too few is seen; without Docker."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from breakwater import paths
from breakwater.checks.overlay import lay_over
from breakwater.checks.rehearsed import backwards, by_name, early, last
from breakwater.engines import description
from breakwater.engines.description import Kind, Shop
from breakwater.engines.trial import rehearsal
from breakwater.engines.trial.casting import Cast, needs
from breakwater.engines.trial.rehearsal import Order, Rehearsal, Start

ORDERS = {"by name": by_name, "backwards": backwards, "pricing last": last("pricing")}


class Played(Rehearsal):
    """A rehearsal without containers: a service runs when all are well for whom it `waits`."""

    def __init__(self, shop: Shop, waits: Mapping[str, set[str]]) -> None:
        self.is_well = False
        jobs = frozenset(service.name for service in shop.of(Kind.JOB))
        self._cast = Cast({}, {}, {name: needs(shop, service) for name, service in shop.services.items()}, jobs)
        self._found: dict[str, list[Any]] = {}
        self._waits, self._well_now = waits, set[str]()
        self._all_run = asyncio.Event()

    async def _up(self) -> None:
        await self._all_run.wait()

    async def _look(self) -> None:
        runs = SimpleNamespace(status="running")
        self._found = {name: [runs] for name, others in self._waits.items() if others <= self._well_now}
        if len(self._found) == len(self._waits):
            self._all_run.set()

    async def _make_well(self, service: str) -> None:
        self._well_now.add(service)
        await self._look()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "QUIET_S", 0.004)
    monkeypatch.setattr(rehearsal, "POLL_S", 0.001)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder: Path = tmp_path_factory.mktemp("mended") / "shop"
    return description.load(lay_over(paths.SOLUTIONS / "02-containers" / "boxoffice", folder))


def waits(shop: Shop) -> dict[str, set[str]]:
    return {name: set(service.needs) for name, service in shop.services.items()}


def played(shop: Shop, waits: Mapping[str, set[str]], order: Order) -> list[Start]:
    return asyncio.run(Played(shop, waits).play(order))


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_who_waits_for_all_starts_with_all_of_them_well(shop: Shop, order: Order) -> None:
    starts = played(shop, waits(shop), order)
    assert {start.service for start in starts} == set(shop.services)
    assert early(starts) == []


@pytest.mark.parametrize(
    ("service", "callee", "seen"),
    [
        ("gateway", "orders", {"by name"}),
        ("gateway", "catalog", {"backwards"}),
        ("gateway", "pricing", {"pricing last"}),
        ("orders", "payments", {"by name"}),
        ("orders", "inventory", {"backwards"}),
        ("payments", "provider", {"by name"}),
    ],
)
def test_who_does_not_wait_for_one_is_seen_by_the_order_in_which_that_one_is_the_last(
    shop: Shop, service: str, callee: str, seen: set[str]
) -> None:
    fewer = waits(shop)
    fewer[service].remove(callee)
    told = {which: early(played(shop, fewer, order)) for which, order in ORDERS.items()}
    assert seen <= {which for which, lines in told.items() if lines}
    assert {line for lines in told.values() for line in lines} == {f"{service} was started before {callee} was well"}


def test_who_waits_for_another_only_through_a_third_is_in_time(shop: Shop) -> None:
    fewer = waits(shop)
    fewer["gateway"].remove("inventory")  # orders waits for it
    assert [early(played(shop, fewer, order)) for order in ORDERS.values()] == [[], [], []]


def test_who_waits_for_nobody_is_told_of_with_all_that_it_needs(shop: Shop) -> None:
    fewer = waits(shop) | {"gateway": set()}
    says = "gateway was started before catalog, inventory, orders, pricing were well"
    assert [early(played(shop, fewer, order)) for order in ORDERS.values()] == [[says]] * 3


async def test_what_compose_has_only_started_is_waited_for_until_it_is_well(shop: Shop) -> None:
    looks = 0

    class Coming(Played):
        async def _up(self) -> None: ...

        async def _look(self) -> None:
            nonlocal looks
            looks += 1
            health = "healthy" if looks > 2 else "starting"
            job = {"Status": "exited" if looks > 3 else "running", "ExitCode": 0}
            states = {"gateway": {"Health": {"Status": health}}, "orders-migrate": job, "orders": {}}
            self._found = {name: [SimpleNamespace(attrs={"State": state})] for name, state in states.items()}

    coming = Coming(shop, {})
    await coming.come_up()
    assert (coming.is_well, looks) == (True, 4)
