"""What the lab asks at places that its guide does not name."""

import asyncio
import re
import time
from contextlib import AsyncExitStack
from urllib.parse import quote_plus

import pytest

SEARCHERS, SEARCH_FOR_S = 16, 4.0
SHOWN_S = 1.2
LINKS = ("catalog", "inventory", "pricing")
TOLD_S, AGAIN_S = 1.0, 3.0
GIVEN_UP_S, LOOK_FOR_S = 0.8, 2.2


@pytest.mark.check("01-h1", takes_s=7)
@pytest.mark.points(2, outcome="programming.event-loop")
async def test_pages_beside_searches(shop, http, measure, ledger, seed):
    """While many people search at the gateway, event pages, and lists of what comes after, are shown in time."""
    await shop.sale()
    body = (await http.get("catalog", "/events?limit=200")).json()
    texts = [str(each.get("description")) for each in body if isinstance(each, dict)] if isinstance(body, list) else []
    assert len(texts) > 100, f"the list of all events has {len(texts)} of them"
    await http.get("gateway", f"/events?q={quote_plus(typed(seed, texts))}", patience_s=30.0)
    until = time.monotonic() + SEARCH_FOR_S
    event = f"evening-{seed.randint(1, 120)}"

    async def searcher():
        while time.monotonic() < until:
            heard = await http.get("gateway", f"/events?q={quote_plus(typed(seed, texts))}", patience_s=30.0)
            assert heard.status == 200, f"a visitor who searched at the gateway was told {heard.told}"

    async with (
        http.probes("gateway", f"/events/{event}", every_s=0.25, patience_s=20.0) as pages,
        http.probes("catalog", f"/events/{event}/after", every_s=0.25, patience_s=20.0) as lists,
    ):
        await asyncio.gather(*(searcher() for _ in range(SEARCHERS)))
    for what, heard in (("the page of an event", pages), ("the list of what comes after an event", lists)):
        in_order = sorted(heard, key=lambda each: (each.status != 200, each.elapsed_s))
        told = in_order[-1]
        assert told.status == 200, f"while people searched, a visitor to {what} was told {told.told}"
        late = in_order[-1 - len(in_order) // 10]
        says = f"while {SEARCHERS} people searched, {what} took {late.elapsed_s:.1f} s or more for one in ten"
        measure.at_most(f"wait of nine in ten for {what}", late.elapsed_s, SHOWN_S, says=says, about=late)
    await ledger.balances()


@pytest.mark.check("01-h2")
@pytest.mark.points(2, outcome="programming.concurrency")
async def test_one_neighbour_is_gone(shop, http, faults, measure, ledger, seed, eventually):
    """When one answer of an offer cannot be had, the visitor is told so as soon as that is known."""
    await shop.sale()
    await http.get("gateway", "/events/opening-night/offer")
    for gone, *slow in (seed.sample(LINKS, 3), seed.sample(LINKS, 3)):
        async with AsyncExitStack() as weather:
            await weather.enter_async_context(faults.refuse("gateway", gone))
            for callee in slow:
                await weather.enter_async_context(faults.slow("gateway", callee, latency_s=3.0))
            heard = await http.get("gateway", "/events/opening-night/offer")
        told = f"with {gone} gone, a visitor who asked for an offer was told {heard.told}"
        assert heard.status in (502, 503, 504), f"{told} (allowed: 502, 503, 504)"
        says = f"with {gone} gone and the others slow, a visitor was told so after {heard.elapsed_s:.1f} s"
        measure.at_most("told that it cannot be had", heard.elapsed_s, TOLD_S, says=says, about=heard)

        async def is_whole():
            return (await http.get("gateway", "/events/opening-night/offer")).status == 200

        says = f"{AGAIN_S:.0f} s after {gone} was back, nobody who asked for an offer had one"
        await eventually(is_whole, within_s=AGAIN_S, says=says)
    await ledger.balances()


@pytest.mark.check("01-h3")
@pytest.mark.points(2, outcome="programming.concurrency")
async def test_left_elsewhere(shop, http, faults, measure, ledger, seed):
    """When somebody leaves who searched, or asked for a page or for seats, nobody works on for them."""
    await shop.sale()
    await http.get("gateway", "/events/opening-night/offer")
    paths = ["/events?q=night", f"/events/evening-{seed.randint(1, 120)}", "/events/opening-night/seats"]
    async with faults.slow("gateway", "catalog", latency_s=3.0), faults.slow("gateway", "inventory", latency_s=3.0):
        left = await asyncio.gather(*(http.get("gateway", path, patience_s=0.4) for path in paths))
        await measure.given_up("gateway", left, GIVEN_UP_S, look_for_s=LOOK_FOR_S, alone=True)
    await ledger.balances()


def typed(draw, texts):
    """Words of one event as people type them: in each, two letters have changed places."""
    words = [word for word in re.findall(r"[a-z]+", draw.choice(texts).lower()) if len(word) > 4]
    swapped = [word[0] + word[2] + word[1] + word[3:] for word in draw.sample(words, min(len(words), 9))]
    return " ".join(swapped)[:95].rpartition(" ")[0]
