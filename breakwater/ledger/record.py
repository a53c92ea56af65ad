"""The plain data from which the ledger judges. No learner can forge it: buyers, books, public interface."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from breakwater.buyer import Answer, OrderSeen


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
    """What is known of one run. `orders` maps an order's id to what the shop says of it."""

    told: tuple[Answer, ...] = ()
    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()
    orders: Mapping[str, OrderSeen] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Iterable[Answer], books: Mapping[str, Any], orders: Mapping[str, OrderSeen]) -> Self:
        """Build a record from the provider's books as its controls give them."""
        return cls(
            tuple(told),
            tuple(Capture(**_only(row, Capture)) for row in books["captures"]),
            tuple(Refund(**_only(row, Refund)) for row in books["refunds"]),
            orders,
        )


def order_ids(told: Iterable[Answer], books: Mapping[str, Any]) -> list[str]:
    """The ids of all orders that anybody outside the shop knows of."""
    acknowledged = (answer.order_id for answer in told if answer.order_id)
    return list(dict.fromkeys([*acknowledged, *(row["reference"] for row in books["captures"])]))


def _only(row: Mapping[str, Any], kind: type[Capture] | type[Refund]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key in kind.__dataclass_fields__}
