"""A modelled shop in the hands of a check: buyers who keep coming, who hold seats, and visitors who come again."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import designs
import page_designs
import pytest
from model import ModelEngine, Order, World

from breakwater.buyer import DECLINED_CARD, EVENT, GOOD_CARD, Buyer
from breakwater.checks.measure import Measure
from breakwater.checks.pages import Pages
from breakwater.checks.scene import Observed, Scene
from breakwater.checks.shop import Shop
from breakwater.checks.weather import Faults

SEATS = {EVENT: [f"{row}{number}" for row in "ABCDEFGHIJ" for number in range(1, 21)], "quay-concert": ["A1"]}


@asynccontextmanager
async def scene_of(**how: Any) -> Iterator[Scene]:
    with ModelEngine(**{"design": designs.settles_later, **how}) as engine:
        async with Buyer(engine.endpoint("gateway")) as buyer:
            yield Scene(engine, buyer)  # type: ignore[arg-type]


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_crowd_takes_turns_at_seats_of_its_own_until_its_context_ends() -> None:
    async with scene_of() as scene:
        async with Shop(scene, SEATS).crowd({}, {"card": DECLINED_CARD}, a_second=100) as answers:
            await until(lambda: len(answers) >= 6)
        told = sorted(scene.buyer.told, key=lambda answer: answer.asked_at)
        assert len(answers) == len(told)
        assert [answer.card for answer in told[:4]] == [GOOD_CARD, DECLINED_CARD] * 2
        assert len({answer.seat for answer in told}) == len(told)
        assert {answer.status for answer in told} == {201, 402}


async def test_no_more_of_a_crowd_wait_at_a_time_than_there_is_room_for() -> None:
    here: list[str] = []
    most = 0

    async def slow(world: World, order: Order) -> int:
        nonlocal most
        here.append(order["id"])
        most = max(most, len(here))
        await asyncio.sleep(0.05)
        here.remove(order["id"])
        return 503

    async with scene_of(design=slow) as scene, Shop(scene, SEATS).crowd({}, a_second=1000, at_once=3) as answers:
        await until(lambda: len(answers) >= 9)
    assert most == 3


async def test_a_crowd_leaves_with_a_check_that_fails() -> None:
    async with scene_of() as scene:
        before = asyncio.all_tasks()

        async def fails() -> None:
            async with Shop(scene, SEATS).crowd({}, a_second=100) as answers:
                await until(lambda: len(answers) >= 1)
                raise Observed("enough")

        with pytest.raises(Observed, match="enough"):
            await fails()
        assert asyncio.all_tasks() <= before


async def test_who_asks_for_another_event_or_a_hold_takes_a_seat_of_its_own_too() -> None:
    async with scene_of() as scene:
        shop = Shop(scene, SEATS)
        bought = await shop.buy(event="quay-concert")
        held = await shop.holds(2)
        assert (bought.event, bought.seat, bought.status) == ("quay-concert", "A1", 201)
        assert [hold.status for hold in held] == [201, 201]
        assert len({hold.seat for hold in held} | {(await shop.buy()).seat}) == 3


async def test_a_bystander_may_be_told_nothing_and_nobody_else() -> None:
    async def silent(world: World, order: Order) -> int:
        return 504

    async with scene_of(design=silent) as scene:
        shop = Shop(scene, SEATS)
        await shop.buyers({"bystander": True})
        scene.hold_to_contract()
        await shop.buy()
        with pytest.raises(Observed, match="a buyer was told 504"):
            scene.hold_to_contract()


async def test_a_bystander_is_held_to_whatever_it_is_told() -> None:
    async def odd(world: World, order: Order) -> int:
        return 200

    async with scene_of(design=odd) as scene:
        await Shop(scene, SEATS).buy(bystander=True)
        with pytest.raises(Observed, match="a buyer was told 200, which the contract does not know"):
            scene.hold_to_contract()


async def test_not_all_who_asked_were_sold_a_seat() -> None:
    async with scene_of() as scene:
        shop = Shop(scene, SEATS)
        answers = await shop.buyers({}, {"card": DECLINED_CARD})
        with pytest.raises(Observed, match=r"^today, 1 of 2 buyers were sold a seat .*; one was told 402$"):
            await shop.sold(answers, when="today")


async def test_pages_are_fresh_again_when_the_catalog_is_back() -> None:
    async with scene_of() as scene:
        pages, faults = Pages(scene, Measure(scene)), Faults(scene)
        await pages.seen(EVENT, when="before")
        await pages.missing("no-such-evening", when="before")
        async with faults.kill("catalog"):
            await faults.lasted(1.1)
            [page] = await pages.shown(EVENT, when="without", within_s=9.0)
            assert page.age_s
            for event in ("evening-7", "no-such-evening"):
                await pages.answered(event, [503], when="without", within_s=9.0, what="an event")
            with pytest.raises(Observed, match=r"a visitor who asked for the page of it was told 503 \(allowed"):
                await pages.answered("evening-7", [404], when="without", within_s=9.0, what="it")
        await pages.fresh_again(EVENT, within_s=9.0)
        assert scene.measurements[-2].what == "fresh again"


async def test_a_page_that_stays_old_is_observed() -> None:
    async with scene_of(page=page_designs.never_asks_again) as scene:
        pages, faults = Pages(scene, Measure(scene)), Faults(scene)
        await pages.seen(EVENT, when="before")
        async with faults.kill("catalog", at_least_s=1.1):
            await pages.shown(EVENT, when="without", within_s=9.0)
        with pytest.raises(Observed, match=r"after the catalog was back, a visitor .* was \d s old \(allow"):
            await pages.fresh_again(EVENT, within_s=0.5)


async def test_a_sunny_page_that_is_refused_is_asked_for_again() -> None:
    refusals = iter([504, 503])

    async def late(world: World, event: str, rid: str) -> page_designs.Shown:
        status = next(refusals, 200)
        return await page_designs.remembers(world, event, rid) if status == 200 else (status, {}, None)

    async with scene_of(page=late) as scene:
        [page] = await Pages(scene, Measure(scene)).seen(EVENT, when="before")
        assert page.status == 200
        assert [seen.status for seen in scene.buyer.pages] == [504, 503, 200]
