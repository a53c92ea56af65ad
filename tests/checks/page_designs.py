"""Designs of an event page, right and wrong, for the model. Each docstring says what the design believes."""

import asyncio
import time
from typing import Any

from designs import settles_later
from model import EVENTS, Lost, Order, World, remembers

Shown = tuple[int, dict[str, Any], int | None]


def _shown(world: World, event: str, about: dict[str, Any], age_s: int | None) -> Shown:
    return 200, {**about, "free_seats": world.free_seats(event)}, age_s


# Right, each in another way. The model's own is `remembers`.


async def refreshes_behind(world: World, event: str, rid: str) -> Shown:
    """Lets no visitor wait for the catalog: asks it for everything, each second, and shows what came last."""
    if not world.memory:
        refreshing = world.behind(_refresh(world))
        await asyncio.wait({refreshing}, timeout=0.3)
    if event not in world.memory:
        return 404, {}, None  # it knows what there is
    about, known_at = world.memory[event]
    return _shown(world, event, about, round(time.time() - known_at))


async def _refresh(world: World) -> None:
    while True:
        try:
            for event in EVENTS:
                about = await world.ask_catalog(event, "")
                world.memory[event] = about, time.time()
        except Lost:
            pass
        await asyncio.sleep(1.0)


async def caches_for_a_second(world: World, event: str, rid: str) -> Shown:
    """Does not ask again for what it was told a moment ago."""
    about, known_at = world.memory.get(event, ({}, 0.0))
    if time.time() - known_at < 1.0:
        return _shown(world, event, about, None)
    return await remembers(world, event, rid)


# Wrong, each in another way.


async def waits_for_the_catalog(world: World, event: str, rid: str) -> Shown:
    """The answer will come."""
    try:
        about = await world.ask_catalog(event, rid)
    except Lost:
        return 502, {}, None
    return _shown(world, event, about, None) if about else (404, {}, None)


async def has_no_fallback(world: World, event: str, rid: str) -> Shown:
    """Without the catalog there is no page."""
    world.memory.clear()
    return await remembers(world, event, rid)


async def says_nothing_of_its_age(world: World, event: str, rid: str) -> Shown:
    """A description hardly ever changes."""
    status, page, _ = await remembers(world, event, rid)
    return status, page, None


async def takes_silence_for_missing(world: World, event: str, rid: str) -> Shown:
    """What the catalog does not show is not there."""
    status, page, age_s = await remembers(world, event, rid)
    return 404 if status == 503 else status, page, age_s


async def remembers_the_free_seats(world: World, event: str, rid: str) -> Shown:
    """A page is a page."""
    status, page, age_s = await remembers(world, event, rid)
    if status == 200:
        page["free_seats"] = world.memory.setdefault(f"free/{event}", page["free_seats"])
    return status, page, age_s


async def never_asks_again(world: World, event: str, rid: str) -> Shown:
    """A guard that has closed stays closed."""
    if world.memory.get("closed") and event in world.memory:
        about, known_at = world.memory[event]
        return _shown(world, event, about, int(time.time() - known_at))
    status, page, age_s = await remembers(world, event, rid)
    world.memory["closed"] = world.memory.get("closed") or age_s is not None
    return status, page, age_s


async def counts_from_when_it_was_shown(world: World, event: str, rid: str) -> Shown:
    """What was shown just now is as good as new."""
    status, page, age_s = await remembers(world, event, rid)
    if event in world.memory:
        world.memory[event] = world.memory[event][0], time.time()
    return status, page, age_s


async def guesses_an_age(world: World, event: str, rid: str) -> Shown:
    """Some number has to stand there."""
    status, page, age_s = await remembers(world, event, rid)
    return status, page, 3600 if status == 200 and age_s is not None else age_s


async def waits_for_two_seconds(world: World, event: str, rid: str) -> Shown:
    """Has a deadline, and shares its places with those who buy."""
    try:
        about = await asyncio.wait_for(world.ask_catalog(event, rid), 2.0)
    except (Lost, TimeoutError):
        about, known_at = world.memory.get(event, ({}, 0.0))
        return _shown(world, event, about, int(time.time() - known_at)) if about else (503, {}, None)
    world.memory[event] = about, time.time()
    return _shown(world, event, about, None) if about else (404, {}, None)


async def thinks_for_six_seconds(world: World, order: Order) -> int:
    """Whoever buys may keep a place for a while."""
    await asyncio.sleep(6.0)
    return await settles_later(world, order)


FEW = 20
RIGHT: dict[str, dict[str, Any]] = {
    "refreshes-behind": {"page": refreshes_behind},
    "caches-for-a-second": {"page": caches_for_a_second},
}
# A wrong shop → how it is made, and the checks that it must lose; it is judged by no other.
WRONG: dict[str, tuple[dict[str, Any], set[str]]] = {
    "waits-for-the-catalog": ({"page": waits_for_the_catalog}, {"dead-catalog", "hung-catalog"}),
    "has-no-fallback": ({"page": has_no_fallback}, {"dead-catalog", "hung-catalog"}),
    "says-nothing-of-its-age": ({"page": says_nothing_of_its_age}, {"dead-catalog", "hung-catalog"}),
    "takes-silence-for-missing": ({"page": takes_silence_for_missing}, {"dead-catalog"}),
    "remembers-the-free-seats": ({"page": remembers_the_free_seats}, {"dead-catalog", "09-h3"}),
    "never-asks-again": ({"page": never_asks_again}, {"dead-catalog", "hung-catalog"}),
    "counts-from-when-it-was-shown": ({"page": counts_from_when_it_was_shown}, {"dead-catalog"}),
    "guesses-an-age": ({"page": guesses_an_age}, {"dead-catalog", "hung-catalog"}),
    "visitors-take-all-places": ({"page": waits_for_two_seconds, "places": FEW}, {"hung-catalog"}),
    "buyers-take-all-places": ({"design": thinks_for_six_seconds, "places": FEW}, {"09-h3"}),
}
PAGES = {"dead-catalog", "hung-catalog", "09-h3"}
