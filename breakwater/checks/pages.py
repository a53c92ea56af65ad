"""Event pages: shown in time, as the catalog describes the event, and true about how old that is.

A page says by `Age` (RFC 9111, 5.1) how many seconds ago the catalog gave the description; without it, that this was
now. What the catalog last said on its link to the gateway is the truth that a claim is held to: whatever the question
was, no description can be younger than that answer, nor older than the first one.
"""

import asyncio
import time
from collections.abc import Sequence

from breakwater.buyer import Description, PageSeen, answered_at, told
from breakwater.checks.measure import Measure
from breakwater.checks.scene import Observed, Scene
from breakwater.engines import Exchange

POLL_S = 0.1
ROUNDED_S = 1.0  # what whole seconds may hide
SHORT_S = 1.5  # by so much an Age may be short: by what was rounded off, and by the way on a busy machine
LONG_S = 2.0  # by so much it may be too long: rounded up, and counted from the question (RFC 9111, 4.2.3)
LINK = ("gateway", "catalog")
REFUSED = (502, 503, 504)


class Pages:
    """The event pages of one shop. What the first look at a page shows is what it must show from then on."""

    def __init__(self, scene: Scene, measure: Measure) -> None:
        self._scene, self._measure = scene, measure
        self._known: dict[str, Description] = {}

    async def look(
        self, *events: str, over_s: float = 0.0, patience_s: float = 6.0, within_s: float | None = None
    ) -> list[PageSeen]:
        """So many visitors, each at the page of one of these events: all at once, or evenly over `over_s`.

        A page is due `within_s`: where somebody wants the verdict quickly, nobody waits for much longer.
        """
        patience_s = self._scene.patience_s(patience_s, within_s)

        async def come(number: int, event: str) -> PageSeen:
            await asyncio.sleep(number * over_s / len(events))
            return await self._scene.buyer.page(event, patience_s=patience_s)

        return list(await asyncio.gather(*(come(number, event) for number, event in enumerate(events))))

    async def seen(self, *events: str, when: str, within_s: float = 5.0) -> list[PageSeen]:
        """On a sunny day, visitors come to each of these pages until it is shown, and hold it to what it promises.

        On a busy machine one question can be too slow for a shop with a short deadline, and that is nobody's fault.
        """
        pages = list(await asyncio.gather(*(self._until(event, 200, within_s) for event in events)))
        await self.hold(pages, when=when)
        return pages

    async def missing(self, event: str, *, when: str, within_s: float = 5.0) -> None:
        """On a sunny day, visitors come to the page of an event that there is not until they are told so."""
        page = await self._until(event, 404, within_s)
        if page.status != 404:
            raise Observed(f"{when}, a visitor to the page of no event was told {told(page)}, not 404", about=page)

    async def _until(self, event: str, status: int, within_s: float) -> PageSeen:
        deadline = time.monotonic() + within_s
        while True:
            [page] = await self.look(event)
            if page.status not in REFUSED or page.status == status or time.monotonic() >= deadline:
                return page
            await asyncio.sleep(POLL_S)

    async def shown(self, *events: str, when: str, within_s: float) -> list[PageSeen]:
        """As `look`, and hold what comes to what a page promises, each answer within `within_s`."""
        pages = await self.look(*events, within_s=within_s)
        await self.hold(pages, when=when, within_s=within_s)
        return pages

    async def hold(self, pages: Sequence[PageSeen], *, when: str, within_s: float | None = None) -> None:
        """Raise Observed unless each is answered 200, in time, shows what was shown before, and is true about its age.

        `when` says what the weather was. With `within_s`, the longest wait is held to it.
        """
        if within_s is not None:
            self._measure.wait(pages, within_s, when=when, who="visitor")
        for page in pages:
            self._hold_description(page, when)
        await self._hold_ages(pages, when)

    async def answered(self, event: str, among: Sequence[int], *, when: str, within_s: float, what: str) -> None:
        """One visitor asks for a page, and must be told one of these statuses. `what` says what event this is."""
        [page] = pages = await self.look(event, within_s=within_s)
        self._measure.wait(page, within_s, when=when, who="visitor")
        if page.status not in among:
            allowed = ", ".join(map(str, among))
            said = f"{when}, a visitor who asked for the page of {what} was told {told(page)} (allowed: {allowed})"
            raise Observed(said, about=page)
        if page.status == 200:
            await self._hold_ages(pages, when)

    async def fresh_again(self, *events: str, within_s: float) -> None:
        """Visitors come again and again to each of these pages until it shows what the catalog said since it is back.

        Raises:
            Observed: one did not within `within_s`.
        """
        healed_at = max(fault.healed_at or 0.0 for fault in self._scene.faults)
        found = await asyncio.gather(*(self._first_fresh(event, healed_at, within_s) for event in events))
        # Of several that are too old, the first: which took longest is chance, and is not to change what is told.
        stale = [each for each in found if not _is_younger(each[0], healed_at)]
        page, took_s = stale[0] if stale else max(found, key=lambda each: each[1])
        said = f"was told {told(page)}" if page.description is None else f"read that its description was {_claim(page)}"
        says = f"{took_s:.1f} s after the catalog was back, a visitor to the page of {page.event} {said}"
        if stale:
            raise Observed(f"{says} (allowed: {within_s:.1f} s)", about=page)
        self._measure.at_most("fresh again", took_s, within_s, says=says, about=page)
        await self.hold([page for page, _ in found], when="after the catalog was back")

    async def _first_fresh(self, event: str, healed_at: float, within_s: float) -> tuple[PageSeen, float]:
        """The first page that is younger than `healed_at`, or the last; and by how many seconds it came after that."""
        while True:
            [page] = await self.look(event)
            after_s = answered_at(page) - healed_at
            if _is_younger(page, healed_at) or after_s > within_s:
                return page, after_s
            await asyncio.sleep(POLL_S)

    def _hold_description(self, page: PageSeen, when: str) -> None:
        if page.description is None:
            raise Observed(f"{when}, a visitor to the page of {page.event} was told {told(page)}", about=page)
        known = self._known.setdefault(page.event, page.description)
        if page.description != known:
            shows = f"the page of {page.event} showed {_said(page.description)}"
            raise Observed(f"{when}, {shows}, and before {_said(known)}", about=page)

    async def _hold_ages(self, pages: Sequence[PageSeen], when: str) -> None:
        """Raise Observed where a page says that its description is younger, or older, than it can be."""
        trace = await asyncio.to_thread(self._scene.engine.trace)
        good = sorted(filter(is_good, trace), key=_answered)
        shortest_s = max(0.0, *(short_by_s(page, good) for page in pages))
        self._scene.note("Age short by", shortest_s, SHORT_S, floor=ROUNDED_S)
        for page in pages:
            said = f"{when}, the page of {page.event} said that its description was {_claim(page)}, and the catalog"
            before = [each for each in good if _answered(each) <= answered_at(page)]
            if not before:
                raise Observed(f"{said} had not answered anything", about=page)
            if short_by_s(page, good) > SHORT_S:
                last_s = page.asked_at - _answered(before[-1])
                raise Observed(f"{said} had last answered {last_s:.1f} s ago", about=page, before=before[-1:])
            first_s = answered_at(page) - _answered(before[0])
            if (page.age_s or 0) > first_s + LONG_S:
                raise Observed(f"{said} had first answered {first_s:.1f} s ago", about=page, before=before[:1])


def is_good(exchange: Exchange) -> bool:
    """Whether in this exchange the catalog told the gateway something that is so."""
    answered = exchange.answered_at is not None and isinstance(exchange.status, int) and exchange.status < 400
    return answered and (exchange.caller, exchange.callee) == LINK


def short_by_s(page: PageSeen, good: Sequence[Exchange]) -> float:
    """By how many seconds the page says that it is younger than it can be; below zero if it does not.

    It cannot be younger than the last of these exchanges that was answered before the page was, whatever that was for;
    without one, there is no saying (minus infinity). The page's age is taken at the moment when it was asked for: how
    long the answer took is nobody's lie.
    """
    last = max((_answered(each) for each in good if _answered(each) <= answered_at(page)), default=float("inf"))
    return page.asked_at - last - (page.age_s or 0)


def _is_younger(page: PageSeen, at: float) -> bool:
    """Whether the page says that its description was given after this moment."""
    return page.description is not None and (page.age_s or 0) <= answered_at(page) - at


def _answered(exchange: Exchange) -> float:
    return exchange.answered_at or 0.0


def _said(description: Description) -> str:
    return f"“{description.title}”, {description.venue}, {description.starts_at.isoformat()}"


def _claim(page: PageSeen) -> str:
    """What the page says of its age."""
    return "of now (no Age)" if page.age_s is None else f"{page.age_s} s old"
