"""The interleaving: the few events of the requests involved, in the order in which they happened, as text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from breakwater.buyer import LOOK, Answer
from breakwater.engines import Exchange
from breakwater.ledger.record import Record

LONGEST = 12
BUYER = "buyer"  # the caller of the links from outside


@dataclass(frozen=True, order=True)
class Event:
    """Something that happened at `at` (UNIX seconds). Where there are too many, those that `matter` stay."""

    at: float
    text: str
    matters: bool = False


@dataclass(frozen=True)
class FaultWindow:
    """A fault that was injected: from when until when (None: still there), and what is said of either moment."""

    began: str
    healed: str
    began_at: float
    healed_at: float | None = None


def of_answers(
    answers: Sequence[Answer],
    exchanges: Iterable[Exchange] = (),
    record: Record | None = None,
    faults: Iterable[FaultWindow] = (),
    orders: Iterable[str] = (),
) -> list[Event]:
    """The events of these purchases: the buyers' own, those on the links, in the books, and the faults around."""
    names = _names(answers)
    requests = {answer.request_id for answer in answers}
    ids = {answer.order_id for answer in answers if answer.order_id} | set(orders)
    events = [event for answer in answers for event in _told(answer, names[answer.buyer])]
    events += [event for exchange in exchanges if _concerns(exchange, requests, ids) for event in _passed(exchange)]
    events += _booked(record, ids) if record else []
    if not events:
        return []
    begin, end = min(events).at, max(events).at
    events += [event for fault in faults for event in _weather(fault) if begin < event.at < end]
    return sorted(events)


def shorten(events: Sequence[Event], longest: int = LONGEST) -> list[Event]:
    """At most `longest` events: those that matter first, then the earliest; in time order."""
    kept = sorted(events, key=lambda event: (not event.matters, event.at))[:longest]
    return sorted(kept)


def as_text(events: Sequence[Event], since: float | None = None) -> str:
    """`buyer → gateway 0.00 s · gateway → orders 0.01 s · …`, seconds after `since` (else: after the first)."""
    if not events:
        return ""
    zero = events[0].at if since is None else since
    return " · ".join(f"{event.text} {event.at - zero:.2f} s" for event in events)


def _names(answers: Sequence[Answer]) -> dict[str, str]:
    """Short names for the buyers: `buyer`, or `buyer 1`, `buyer 2` where there are several."""
    buyers = list(dict.fromkeys(answer.buyer for answer in answers))
    return {name: "buyer" if len(buyers) == 1 else f"buyer {n}" for n, name in enumerate(buyers, 1)}


def _told(answer: Answer, name: str) -> Iterator[Event]:
    yield Event(answer.asked_at, f"{name} → gateway", True)
    if answer.status is None:
        yield Event(answer.answered_at, f"{name} has no answer", True)
    else:
        yield Event(answer.answered_at, f"gateway → {name} ({answer.status})", True)


def _passed(exchange: Exchange) -> Iterator[Event]:
    yield Event(exchange.asked_at, f"{exchange.caller} → {exchange.callee}")
    if exchange.answered_at is not None:
        status = f" ({exchange.status})" if exchange.status else ""
        yield Event(exchange.answered_at, f"{exchange.callee} → {exchange.caller}{status}")


def _booked(record: Record, ids: set[str]) -> Iterator[Event]:
    captures = {capture.id: capture for capture in record.captures if capture.reference in ids}
    for capture in captures.values():
        yield Event(capture.at, f"provider captured {capture.amount_cents} cents", True)
    for refund in record.refunds:
        if refund.capture_id in captures:
            yield Event(refund.at, f"provider refunded {captures[refund.capture_id].amount_cents} cents", True)


def _weather(fault: FaultWindow) -> Iterator[Event]:
    yield Event(fault.began_at, fault.began)
    if fault.healed_at is not None:
        yield Event(fault.healed_at, fault.healed)


def _concerns(exchange: Exchange, requests: set[str], ids: set[str]) -> bool:
    """Whether the exchange was within the shop, and for one of these purchases. (The buyers' own are in `told`.)"""
    if exchange.caller == BUYER or exchange.request_id.startswith(LOOK):
        return False
    return exchange.request_id in requests or any(order_id in exchange.request for order_id in ids)
