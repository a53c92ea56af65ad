"""What the lab "A program that never gets to stop" asks of a shop. The guide beside states the budgets held here."""

import asyncio
import time
from collections import deque
from contextlib import AsyncExitStack
from statistics import median

import pytest

# As people type. With each, what is found, the best first.
SEARCHES = {
    "nihgt trians": ["evening-61", "evening-62", "evening-63"],
    "harbuor orchestra stroms": ["evening-11"],
    "lihgthouse keper": ["evening-31", "evening-32", "evening-33"],
    "dances form the docks": ["evening-41", "evening-42", "evening-43"],
    "marta lindt letters": ["evening-59"],
    "farewel to the crane": ["evening-91", "evening-92", "evening-93"],
}
SEARCHERS, SEARCH_FOR_S, LEAST_FOUND = 8, 4.0, 8
PROBE_EVERY_S = 0.05
WELL_S = 0.4  # the slowest of a hundred questions whether the catalog is well
LINKS = ("catalog", "inventory", "pricing")
LATENCIES_S = (0.8, 0.9, 1.0)  # of the three, in an order that is drawn
BEYOND_SLOWEST_S = 0.3
SLOW_S, PATIENCE_S = 2.5, 0.4
GIVEN_UP_S, LOOK_FOR_S = 0.8, 2.0
READERS, FAR_AHEAD = 4, "4000-01-01"  # 36 MB
GROWTH_MB = 40.0
NOTICE_S, DOOR_EVERY_S, LEAVES_WITHIN_S = 0.5, 0.05, 8.0


@pytest.mark.check("search-load", takes_s=7)
@pytest.mark.points(3, outcome="programming.event-loop")
async def test_search_load(shop, http, measure, ledger):
    """While many people search, the catalog says in time that it is well, and finds what it should."""
    await shop.sale()
    until = time.monotonic() + SEARCH_FOR_S
    waiting = deque(SEARCHES)

    async def search():
        while time.monotonic() < until:
            waiting.rotate()
            wanted = waiting[0]
            yield wanted, await http.get("catalog", f"/events?limit=3&q={wanted.replace(' ', '+')}", patience_s=20.0)

    async def searcher():
        return [each async for each in search()]

    async with http.probes("catalog", "/healthz", every_s=PROBE_EVERY_S, patience_s=20.0) as probes:
        found = [each for some in await asyncio.gather(*(searcher() for _ in range(SEARCHERS))) for each in some]
    for wanted, heard in found:
        ids = [event.get("id") for event in heard.json() or [] if isinstance(event, dict)]
        assert heard.status == 200, f"a visitor who searched for “{wanted}” was told {heard.told}"
        assert ids == SEARCHES[wanted], f"a visitor who searched for “{wanted}” was shown {', '.join(ids) or 'nothing'}"
    well = sorted(probes, key=lambda heard: (heard.status is None, heard.elapsed_s))[-1 - len(probes) // 100]
    assert well.status == 200, f"while people searched, whoever asked whether the catalog is well was told {well.told}"
    says = f"while {SEARCHERS} people searched, the answer that the catalog is well took {well.elapsed_s:.1f} s"
    measure.at_most("health, 99th percentile", well.elapsed_s, WELL_S, says=says, about=well)
    measure.at_least("searches answered", len(found), LEAST_FOUND, unit="searches")
    await ledger.balances()


@pytest.mark.check("offer")
@pytest.mark.points(3, outcome="programming.concurrency")
async def test_offer(shop, http, faults, measure, ledger, seed):
    """An offer takes as long as the slowest of the answers that it is made of, and not as long as all of them."""
    await shop.sale()
    await an_offer_is_whole(http, "opening-night")
    await an_offer_is_whole(http, "evening-7")
    late = dict(zip(LINKS, seed.sample(LATENCIES_S, 3), strict=True))
    async with AsyncExitStack() as weather:
        for callee, latency_s in late.items():
            await weather.enter_async_context(faults.slow("gateway", callee, latency_s=latency_s))
        heard = [await http.get("gateway", "/events/opening-night/offer") for _ in range(3)]
    told = [each.told for each in heard if each.status != 200]
    assert not told, f"with {said(late)}, a visitor who asked for an offer was told {told[0]}"
    took_s = median(each.elapsed_s for each in heard)
    beyond_s = took_s - max(late.values())
    says = f"with {said(late)}, an offer took {took_s:.1f} s: {beyond_s:.1f} s more than the slowest of its answers"
    measure.at_most("beyond the slowest answer", beyond_s, BEYOND_SLOWEST_S, says=says, about=heard[0])
    await ledger.balances()


@pytest.mark.check("left-alone")
@pytest.mark.points(3, outcome="programming.concurrency")
async def test_left_alone(shop, http, faults, measure, ledger):
    """When a visitor has left, nobody works on for them; who stays is served."""
    await shop.sale()
    async with AsyncExitStack() as weather:
        for callee in LINKS:
            await weather.enter_async_context(faults.slow("gateway", callee, latency_s=SLOW_S))
        stays = asyncio.create_task(http.get("gateway", "/events/opening-night/offer", patience_s=15.0))
        left = [http.get("gateway", "/events/opening-night/offer", patience_s=PATIENCE_S) for _ in range(3)]
        await measure.given_up("gateway", await asyncio.gather(*left), GIVEN_UP_S, look_for_s=LOOK_FOR_S)
        stayed = await stays
    assert stayed.status == 200, f"with every answer {SLOW_S:.1f} s late, a visitor who stayed was told {stayed.told}"
    await ledger.balances()


@pytest.mark.check("slow-readers", takes_s=9)
@pytest.mark.points(3, outcome="programming.backpressure")
async def test_slow_readers(shop, http, footprints, measure, ledger):
    """People who read a long list slowly do not fill the memory of the shop, and get all of it in the end."""
    await shop.sale()
    few = await http.get("gateway", "/tours?until=2029-12-31")
    assert few.status == 200, f"a visitor who asked for the tours until 2029 was told {few.told}"
    lines = few.body.decode(errors="replace").splitlines()
    assert (len(lines), lines[-1][:10]) == (851, "2029-12-31"), (
        f"the tours until 2029 came as {len(lines)} lines, the last one “{lines[-1][:60]}” (851 are due)"
    )
    before = footprints.now("gateway", "catalog")
    async with AsyncExitStack() as reading:
        readers = [
            reading.enter_async_context(http.slow_reader("gateway", f"/tours?until={FAR_AHEAD}", patience_s=20.0))
            for _ in range(READERS)
        ]
        begun = [asyncio.create_task(each) for each in readers]
        grown = await footprints.grown(before, enough_mb=2.5 * GROWTH_MB, within_s=12.0)
        for name, mb in grown.items():
            says = f"while {READERS} people read a list of 36 MB slowly, {name} grew by {mb:.0f} MB"
            measure.at_most(f"growth of {name}", mb, GROWTH_MB, unit="MB", says=says)
        for reader in await asyncio.gather(*begun):
            assert reader.heard.status == 200, f"a slow reader was told {reader.heard.told}"
        came = await reader.read(2_000_000)
        assert came >= 2_000_000, f"a slow reader who read on got {came} bytes more, and then nothing"
        well = await http.get("gateway", "/healthz")
        assert well.status == 200, f"while people read slowly, the gateway said {well.told} of its health"
    await ledger.balances()


@pytest.mark.check("leaves-in-order", takes_s=6)
@pytest.mark.points(3, outcome="programming.shutdown")
async def test_leaves_in_order(shop, http, faults, measure, ledger):
    """Pricing that is told to stop says so first, finishes what has begun, and refuses the rest."""
    await shop.sale()
    booking, due = {"event": "quay-concert", "seats": 12}, 27765
    async with (
        http.half_sent("pricing", "/quotes", booking) as begun,
        http.probes("pricing", "/readyz", every_s=DOOR_EVERY_S) as ready,
        http.probes("pricing", "/quotes", body=booking, every_s=DOOR_EVERY_S) as quotes,
    ):
        await asyncio.sleep(0.3)
        told_at = time.time()
        async with faults.restart("pricing"):
            await asyncio.sleep(1.5)
            finished = await begun.finish()
        back_s = time.time() - told_at
    assert finished.status == 200, f"a request that was half sent when pricing was told to stop got {finished.told}"
    wrong = [each for each in quotes if each.status == 200 and (each.json() or {}).get("total_cents") != due]
    assert not wrong, f"while pricing was told to stop, a booking of {due} cents came to {wrong[0].body.decode()[:80]}"
    odd = [each for each in quotes if each.status not in (200, 503, None)]
    assert not odd, f"when pricing was to stop, somebody was told {odd[0].told} (allowed: 200, 503, no connection)"
    said_so = [each.asked_at for each in ready if each.asked_at > told_at and each.status != 200]
    refused = [each.asked_at for each in quotes if each.asked_at > told_at and each.status != 200]
    notice_s = min(refused, default=told_at + 60) - min(said_so, default=told_at + 60)
    says = f"pricing refused somebody {notice_s:.1f} s after it had said that it was leaving"
    if notice_s <= 0:
        says = "pricing refused somebody before it had said that it was leaving"
    measure.at_least("notice", notice_s, NOTICE_S, says=says)
    measure.at_most("pricing was back", back_s, LEAVES_WITHIN_S)
    await ledger.balances()


async def an_offer_is_whole(http, event):
    """On a sunny day, an offer says what each of the services says."""
    offer = await http.get("gateway", f"/events/{event}/offer")
    about = (await http.get("catalog", f"/events/{event}")).json()
    after = (await http.get("catalog", f"/events/{event}/after")).json()
    price = await http.get("pricing", f"/prices/{event}")
    seats = (await http.get("gateway", f"/events/{event}/seats")).json()
    keys = ("listed_cents", "fee_cents", "total_cents")
    due = {
        "event": about,
        "free_seats": sum(not seat["sold"] for seat in seats) if isinstance(seats, list) else 0,
        "price": {key: price.json()[key] for key in keys} if price.status == 200 else None,
        "after": after,
    }
    shown = offer.json()
    assert offer.status == 200, f"on a sunny day, a visitor who asked for the offer of {event} was told {offer.told}"
    for key, value in due.items():
        is_due = isinstance(shown, dict) and shown.get(key) == value
        assert is_due, f"the offer of {event} shows another `{key}` than the service that knows it"


def said(late):
    return ", ".join(f"{callee} {latency_s:.1f} s late" for callee, latency_s in late.items())
