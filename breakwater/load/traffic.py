"""What one visitor does. A traffic is a coroutine function of a `Visit`; it may be a check's or a lesson's own."""

import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from breakwater.buyer import DECLINED_CARD, GOOD_CARD, Answer, Buyer, SeatsSeen
from breakwater.load.run import Sample

SERVED = (200, 201, 202, 402, 404, 409)  # told what is so; 429 and 503 are refusals to serve
SOLD_AT_MOST = 0.9  # of the free seats, so that the last visitor still has a choice


class Seen(Protocol):
    """What every answer of a `Buyer` has."""

    @property
    def trouble(self) -> str: ...


T = TypeVar("T", bound=Seen)


@dataclass
class Visit:
    """One visitor: draws from `random`, buys with `buyer`, and has the requests kept in `samples`.

    `intended_s` is the moment at which it means to ask next, `now` the clock; both in seconds from the run's begin.
    """

    buyer: Buyer
    random: random.Random
    now: Callable[[], float]
    intended_s: float
    declined_share: float = 0.0
    samples: list[Sample] = field(default_factory=list)

    async def ask(self, name: str, request: Awaitable[T]) -> T:
        """Make a request that counts under `name`."""
        started_s = self.now()
        seen = await request
        ended_s = self.now()
        self.samples.append(Sample(name, self.intended_s, started_s, ended_s, error_of(seen)))
        self.intended_s = ended_s
        return seen


Traffic = Callable[[Visit], Coroutine[Any, Any, None]]


async def browse_and_buy(visit: Visit) -> None:
    """Look at the seats, and buy one of those that are free; leave if there is none."""
    seen = await visit.ask("browse", visit.buyer.seats())
    free = free_seats(seen)
    if free:
        card = DECLINED_CARD if visit.random.random() < visit.declined_share else GOOD_CARD
        await visit.ask("buy", visit.buyer.buy(visit.random.choice(free), card=card))


async def declined_share(buyer: Buyer, arrivals: float) -> float:
    """The share of visitors whose card must be declined so that there are free seats for all `arrivals`.

    A declined card takes the same way through the shop, and gives the seat back.
    """
    free = len(free_seats(await buyer.seats()))
    return max(0.0, 1.0 - SOLD_AT_MOST * free / arrivals) if arrivals else 0.0


def free_seats(seen: SeatsSeen) -> list[str]:
    """The seats that nobody has, in a settled order."""
    return sorted(name for name, seat in seen.seats.items() if not seat.sold)


def error_of(seen: Seen) -> str:
    """Of which kind an answer is that served nobody: a status, or why there was none; empty for one that served."""
    status = seen.status if isinstance(seen, Answer) else None
    if status is not None:
        return "" if status in SERVED and not seen.trouble else str(status)
    return seen.trouble.removeprefix("nothing: ").removeprefix("nothing that can be read: ")
