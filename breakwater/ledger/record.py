"""The plain data from which the ledger judges. No learner can forge it: buyers, books, public interface."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from breakwater.buyer import Answer, Held, OrderSeen, SeatSeen, SeatsSeen

Seat = tuple[str, str]
"""An event and a seat of it."""


@dataclass(frozen=True)
class Capture:
    """Money that the provider took. `reference` is the order's id; `at` in UNIX seconds."""

    id: str
    reference: str
    amount_cents: int
    at: float
    idempotency_key: str | None = None


@dataclass(frozen=True)
class Refund:
    """Money that the provider gave back."""

    id: str
    capture_id: str
    at: float


@dataclass(frozen=True)
class Record:
    """What is known of one run.

    `orders` maps an order's id to what the shop says of it, `seats` a seat to what its list says, `unlisted` an
    event whose list could not be had to the reason. `prices` is what each seat costs, in cents: the course's own.
    `held` is what buyers were told who asked for holds, and `seen_at` (UNIX seconds) when the lists were looked at.
    """

    told: tuple[Answer, ...] = ()
    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()
    orders: Mapping[str, OrderSeen] = field(default_factory=dict)
    seats: Mapping[Seat, SeatSeen] = field(default_factory=dict)
    unlisted: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[Seat, int] = field(default_factory=dict)
    held: tuple[Held, ...] = ()
    seen_at: float = 0.0

    @classmethod
    def of(
        cls,
        told: Iterable[Answer],
        books: Mapping[str, Any],
        orders: Iterable[OrderSeen] = (),
        lists: Iterable[SeatsSeen] = (),
        prices: Mapping[Seat, int] | None = None,
    ) -> Self:
        """Build a record; the provider's `books` are as its controls give them."""
        lists = tuple(lists)
        return cls(
            tuple(told),
            tuple(Capture(**_only(row, Capture)) for row in books["captures"]),
            tuple(Refund(**_only(row, Refund)) for row in books["refunds"]),
            {order.id: order for order in orders},
            {(seen.event, name): seat for seen in lists for name, seat in seen.seats.items()},
            {seen.event: seen.trouble for seen in lists if seen.trouble},
            prices or {},
        )


def order_ids(told: Iterable[Answer], books: Mapping[str, Any]) -> list[str]:
    """The ids of all orders that anybody outside the shop knows of."""
    acknowledged = (answer.order_id for answer in told if answer.order_id)
    return list(dict.fromkeys([*acknowledged, *(row["reference"] for row in books["captures"])]))


def _only(row: Mapping[str, Any], kind: type[Capture] | type[Refund]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key in kind.__dataclass_fields__}
