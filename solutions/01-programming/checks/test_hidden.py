"""What the lab asks at places that its guide does not name."""

import asyncio
import time
from urllib.parse import quote_plus

import pytest

SEARCHERS, SEARCH_FOR_S = 6, 3.0
SHOWN_S = 0.6
TOLD_S = 1.0
GIVEN_UP_S, LOOK_FOR_S = 0.8, 2.0
WORDS = ("lantern quartet waterr", "quiet neighbours sallt", "tide tabels patience", "ferry drumers homee")


@pytest.mark.check("01-h1", takes_s=6)
@pytest.mark.points(2, outcome="programming.event-loop")
async def test_pages_beside_searches(shop, http, measure, ledger, seed):
    """While many people search at the gateway, event pages and offers are shown in time."""
    await shop.sale()
    until = time.monotonic() + SEARCH_FOR_S
    event = f"evening-{seed.randint(1, 120)}"

    async def searcher(draw):
        while time.monotonic() < until:
            await http.get("gateway", f"/events?q={quote_plus(draw.choice(WORDS))}", patience_s=20.0)

    async with (
        http.probes("gateway", f"/events/{event}", every_s=0.1, patience_s=20.0) as pages,
        http.probes("catalog", f"/events/{event}/after", every_s=0.1, patience_s=20.0) as lists,
    ):
        await asyncio.gather(*(searcher(seed) for _ in range(SEARCHERS)))
    for what, heard in (("the page of an event", pages), ("what comes after an event", lists)):
        worst = max(heard, key=lambda each: (each.status != 200, each.elapsed_s))
        assert worst.status == 200, f"while people searched, a visitor to {what} was told {worst.told}"
        says = f"while {SEARCHERS} people searched, {what} took {worst.elapsed_s:.1f} s"
        measure.at_most(f"longest wait for {what}", worst.elapsed_s, SHOWN_S, says=says, about=worst)
    await ledger.balances()


@pytest.mark.check("01-h2")
@pytest.mark.points(2, outcome="programming.concurrency")
async def test_one_neighbour_is_gone(shop, http, faults, measure, ledger, seed):
    """When one answer of an offer cannot be had, the visitor is told so as soon as that is known."""
    await shop.sale()
    gone, *slow = seed.sample(("catalog", "pricing"), 2)
    async with faults.refuse("gateway", gone), faults.slow("gateway", slow[0], latency_s=3.0):
        heard = await http.get("gateway", "/events/opening-night/offer")
    told = f"with {gone} gone, a visitor who asked for an offer was told {heard.told}"
    assert heard.status in (502, 503, 504), f"{told} (allowed: 502, 503, 504)"
    says = f"with {gone} gone and {slow[0]} slow, a visitor was told so after {heard.elapsed_s:.1f} s"
    measure.at_most("told that it cannot be had", heard.elapsed_s, TOLD_S, says=says, about=heard)
    again = await http.get("gateway", "/events/opening-night/offer")
    assert again.status == 200, f"when {gone} was back, a visitor who asked for an offer was told {again.told}"
    await ledger.balances()


@pytest.mark.check("01-h3")
@pytest.mark.points(2, outcome="programming.concurrency")
async def test_left_elsewhere(shop, http, faults, measure, ledger, seed):
    """When somebody leaves who searched, or asked for a page or for seats, nobody works on for them."""
    await shop.sale()
    paths = ["/events?q=night", f"/events/evening-{seed.randint(1, 120)}", "/events/opening-night/seats"]
    async with faults.slow("gateway", "catalog", latency_s=2.5), faults.slow("gateway", "inventory", latency_s=2.5):
        left = await asyncio.gather(*(http.get("gateway", path, patience_s=0.4) for path in paths))
        await measure.given_up("gateway", left, GIVEN_UP_S, look_for_s=LOOK_FOR_S)
    await ledger.balances()
