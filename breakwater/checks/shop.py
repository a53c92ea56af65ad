"""The shop as a check's buyers meet it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any

from breakwater.buyer import EVENT, GOOD_CARD, Answer, Held, OrderSeen, SeatsSeen
from breakwater.checks.scene import Observed, Scene

POLL_S = 0.1


class Shop:
    """The shop as buyers meet it. Each purchase and each hold takes a seat of its own unless it names one.

    `seats` are the seats of each event, in the order in which they are asked for.
    """

    def __init__(self, scene: Scene, seats: Mapping[str, Sequence[str]]) -> None:
        self._scene = scene
        self._seats = {event: iter(free) for event, free in seats.items()}

    async def buy(
        self,
        seat: str | None = None,
        *,
        event: str = EVENT,
        card: str = GOOD_CARD,
        patience_s: float = 10.0,
        bystander: bool = False,
    ) -> Answer:
        """One buyer asks for one seat and waits, `patience_s` seconds at most.

        A `bystander` is there to make a crowd, and may be told nothing: on a slow machine some of a crowd are.
        """
        seat = seat or next(self._seats[event])
        answer = await self._scene.buyer.buy(seat, event=event, card=card, patience_s=patience_s)
        if bystander:
            self._scene.bystanders.add(answer.request_id)
        return answer

    async def buyers(
        self, *buyers: Mapping[str, Any], patience_s: float = 10.0, within_s: float | None = None
    ) -> list[Answer]:
        """Several buyers at once; returns when all have an answer or have lost patience.

        Each is given by what `buy` takes, `{}` for one with a good card who takes any seat. An answer is due
        `within_s`: where somebody wants the verdict quickly, nobody waits for much longer.
        """
        patience_s = self._scene.patience_s(patience_s, within_s)
        return list(await asyncio.gather(*(self.buy(**{"patience_s": patience_s, **buyer}) for buyer in buyers)))

    @asynccontextmanager
    async def crowd(
        self, *buyers: Mapping[str, Any], a_second: float, at_once: int = 100, patience_s: float = 6.0
    ) -> AsyncIterator[list[Answer]]:
        """While the context lasts buyers keep coming, `a_second` of them, evenly; those of `buyers` take turns.

        No more than `at_once` wait at a time: where all of them do, the next one comes when one leaves, so that a slow
        machine is not asked for more than it can do. The list that it gives grows as buyers are answered; at its end
        all have an answer, or have lost patience.
        """
        answers: list[Answer] = []
        asked: list[asyncio.Task[None]] = []
        room = asyncio.Semaphore(at_once)

        async def ask(buyer: Mapping[str, Any]) -> None:
            try:
                answers.append(await self.buy(**{"patience_s": patience_s, **buyer}))
            finally:
                room.release()

        async def come() -> None:
            due = time.monotonic()
            for buyer in cycle(buyers):
                await asyncio.sleep(due - time.monotonic())
                await room.acquire()
                asked.append(asyncio.create_task(ask(buyer)))
                due = max(due, time.monotonic() - 1.0) + 1.0 / a_second  # who was kept out for long is not made up for

        coming = asyncio.create_task(come())
        try:
            yield answers
            coming.cancel()
            await asyncio.gather(*asked)
        finally:
            for task in (coming, *asked):
                task.cancel()
            await asyncio.gather(coming, *asked, return_exceptions=True)

    async def buy_held(self, held: Held, *, patience_s: float = 10.0) -> Answer:
        """The buyer who has a hold buys under it."""
        return await self._scene.buyer.buy(
            held.seat, event=held.event, buyer=held.buyer, hold=held.hold_id, patience_s=patience_s
        )

    async def finds(self, answers: Sequence[Answer], *, when: str) -> None:
        """Raise Observed unless each order that was accepted is found, and none is shown as paid that is not."""
        for answer in (each for each in answers if each.status == 202 and each.order_id):
            seen = await self.order(str(answer.order_id))
            if seen.status is None:
                said = f"{when}, a buyer was told 202, and who asked for that order was told {seen.trouble}"
                raise Observed(said, about=answer)
            books = await asyncio.to_thread(self._scene.engine.provider, "GET", "/books")
            if seen.status == "confirmed" and answer.order_id not in {each["reference"] for each in books["captures"]}:
                raise Observed(f"{when}, an order was shown as confirmed, and nothing was captured", about=answer)

    async def hold(self, seat: str | None = None, *, event: str = EVENT, patience_s: float = 10.0) -> Held:
        """One buyer asks for a hold of one seat."""
        return await self._scene.buyer.hold(seat or next(self._seats[event]), event=event, patience_s=patience_s)

    async def holds(self, count: int, *, patience_s: float = 10.0, within_s: float | None = None) -> list[Held]:
        """`count` buyers ask for holds at once, each of another seat; `within_s` as in `buyers`."""
        patience_s = self._scene.patience_s(patience_s, within_s)
        return list(await asyncio.gather(*(self.hold(patience_s=patience_s) for _ in range(count))))

    async def seats(self, event: str = EVENT, *, patience_s: float = 10.0, within_s: float | None = None) -> SeatsSeen:
        """The list of an event's seats; `within_s` as in `buyers`."""
        return await self._scene.buyer.seats(event, patience_s=self._scene.patience_s(patience_s, within_s))

    async def order(self, order_id: str) -> OrderSeen:
        """What the shop says about an order."""
        return await self._scene.buyer.order(order_id)

    async def end_of(self, answer: Answer, within_s: float = 5.0) -> str | None:
        """How this purchase ended: `confirmed`, `declined`, `cancelled`; `pending` or None if it did not."""
        if answer.status == 201:
            return "confirmed"
        if answer.status != 202 or not answer.order_id:
            return None
        deadline = time.monotonic() + within_s
        while True:
            order = await self.order(answer.order_id)
            if order.ended or time.monotonic() >= deadline:
                return order.status
            await asyncio.sleep(POLL_S)

    async def sale(self, count: int = 3, *, when: str = "on a sunny day", within_s: float = 5.0) -> list[Answer]:
        """`count` buyers at once who must all be sold their seat: told 201, or 202 and confirmed in `within_s`.

        Raises:
            Observed: fewer were.
        """
        answers = await self.buyers(*[{}] * count, patience_s=within_s)
        await self.sold(answers, when=when, within_s=within_s)
        return answers

    async def sold(self, answers: Sequence[Answer], *, when: str, within_s: float = 5.0) -> None:
        """Raise Observed unless all of these buyers were sold their seat: told 201, or 202 and confirmed in time."""
        ends = await asyncio.gather(*(self.end_of(answer, within_s) for answer in answers))
        unsold = [(answer, end) for answer, end in zip(answers, ends, strict=True) if end != "confirmed"]
        if unsold:
            answer, end = unsold[0]
            then = f", and the order was {end or 'not to be seen'} {within_s:.0f} s later" if answer.order_id else ""
            sold = f"{len(answers) - len(unsold)} of {len(answers)} buyers were sold a seat (needed: all)"
            raise Observed(f"{when}, {sold}; one was told {answer.told}{then}", about=answer, by_time=True)

    async def sells_again(self, within_s: float = 3.0) -> float:
        """Buyers come, one after another, until one is sold a seat; returns the seconds until that one had it.

        Raises:
            Observed: nobody was sold a seat, and told so, within `within_s`.
        """
        begun = time.monotonic()
        answer = None
        while answer is None or time.monotonic() - begun < within_s:
            answer = await self.buy()
            if await self.end_of(answer) == "confirmed":
                sold_s = time.monotonic() - begun
                self._scene.note("sold again", sold_s, within_s)
                if sold_s > within_s:
                    waited = f"the first to be sold a seat had it {sold_s:.1f} s after the trouble ended"
                    raise Observed(f"{waited} (allowed: {within_s:.1f} s)", about=answer)
                return sold_s
            await asyncio.sleep(POLL_S)
        trouble = f"nobody was sold a seat in the {within_s:.1f} s after the trouble ended; one was told {answer.told}"
        raise Observed(trouble, about=answer)
