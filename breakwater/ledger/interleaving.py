"""The interleaving: the few events of the requests involved, in the order in which they happened.

Where several buyers are involved, each event says for whom it happened: two threads can be told apart only so.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from breakwater.buyer import LOOK, Answer, Reply, answered_at
from breakwater.engines import Exchange
from breakwater.ledger.record import Record

LONGEST = 12
BUYER = "buyer"  # the caller of the links from outside
VISITOR = "visitor"  # who only looks
GATEWAY, PROVIDER = "gateway", "provider"
PURCHASE = "POST /orders"
LONGEST_REQUEST = 40

# What stays where there are too many events: what buyers and the books saw, then what passed inside the shop, then the
# weather. That a purchase was passed on, and that money was asked for, the buyers' and the books' own events say too.
SEEN, PASSED, WEATHER, PAYING, PASSED_ON = range(5)
_CALL = re.compile(r"POST /(?:\w+\.)+(\w+/\w+)")
_WORD = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Event:
    """Something that happened at `at` (UNIX seconds): `source` said something to `target`, or did it (target empty).

    `buyer` is for whom, where that is in question. With no source either it is the weather. A lower `rank` matters
    more.
    """

    at: float
    source: str
    target: str
    says: str
    buyer: str = ""
    rank: int = SEEN

    @property
    def label(self) -> str:
        """What stands at the event: `GET /seats/A1, for buyer 1`."""
        whose = f"for {self.buyer}" if self.buyer and self.buyer not in (self.source, self.target) else ""
        return " ".join(part for part in (self.says, whose) if part)

    @property
    def text(self) -> str:
        if not self.target:
            return " ".join(part for part in (self.source, self.label) if part)
        return " ".join(part for part in (f"{self.source} → {self.target}", self.label) if part)


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
    whose = _Whose(answers, record, orders)
    events = [event for answer in answers for event in _told(answer, whose.names[answer.buyer])]
    events += [event for exchange in exchanges if whose.concerns(exchange) for event in _passed(exchange, whose)]
    events += _booked(record, whose) if record else []
    if not events:
        return []
    begin, end = min(event.at for event in events), max(event.at for event in events)
    rank = WEATHER if whose.several else PASSED
    events += [event for fault in faults for event in _weather(fault, rank) if begin < event.at < end]
    return sorted(events, key=_when)


def of_visit(
    visit: Reply, exchanges: Iterable[Exchange], faults: Iterable[FaultWindow] = (), before: Iterable[Exchange] = ()
) -> list[Event]:
    """The events of one who looked at something, or asked for a hold; `before` are exchanges that belong to it."""
    own = [each for each in exchanges if each.request_id == visit.request_id and each.caller != BUYER]
    events = list(_told(visit, VISITOR if visit.request_id.startswith(LOOK) else BUYER))
    events += [event for exchange in [*before, *own] for event in _passed_by(exchange)]
    begin, end = min(event.at for event in events), max(event.at for event in events)
    events += [event for fault in faults for event in _weather(fault, PASSED) if begin < event.at < end]
    return sorted(events, key=_when)


def shorten(events: Sequence[Event], longest: int = LONGEST) -> list[Event]:
    """At most `longest` events: those that matter first, then the earliest; in time order."""
    kept = sorted(events, key=lambda event: (event.rank, event.at))[:longest]
    return sorted(kept, key=_when)


def at_the_door(exchanges: Iterable[Exchange]) -> Iterator[Answer]:
    """The purchases that came in, as the outermost link saw them: without the names, for whom nobody kept these."""
    for seen in exchanges:
        if seen.caller == BUYER and seen.request == PURCHASE:
            elapsed_s = (seen.answered_at or seen.asked_at) - seen.asked_at
            status = int(seen.status) if seen.status else None
            yield Answer(seen.request_id, "", "", "", seen.request_id, seen.asked_at, elapsed_s, status)


def as_text(events: Sequence[Event], since: float | None = None) -> str:
    """`buyer → gateway 0.00 s · gateway → orders 0.01 s · …`, seconds after `since` (else: after the first)."""
    if not events:
        return ""
    zero = events[0].at if since is None else since
    return " · ".join(f"{event.text} {event.at - zero:.2f} s" for event in events)


def passed_for(requests: set[str], ids: set[str], exchanges: Iterable[Exchange]) -> dict[str, list[Exchange]]:
    """Which exchanges were for which request, or name which order: one pass over what may be many."""
    found: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in exchanges:
        words = set(_WORD.findall(f"{exchange.request} {exchange.request_id}"))
        for key in (words & ids) | ({exchange.request_id} & requests):
            found[key].append(exchange)
    return found


class _Whose:
    """Knows for which buyer an exchange or a capture was; with one buyer there is no question, and no name."""

    def __init__(self, answers: Sequence[Answer], record: Record | None, orders: Iterable[str]) -> None:
        buyers = list(dict.fromkeys(answer.buyer for answer in answers))
        self.several = len(buyers) > 1
        self.names = {name: f"{BUYER} {n}" if self.several else BUYER for n, name in enumerate(buyers, 1)}
        self._requests = {answer.request_id: self.names[answer.buyer] for answer in answers}
        self._orders = {answer.order_id: self.names[answer.buyer] for answer in answers if answer.order_id}
        for order_id in orders:
            order = record.orders.get(order_id) if record else None
            self._orders.setdefault(order_id, self.names.get(order.buyer, "") if order else "")
        captures = record.captures if record else ()
        self._paid = [(self.of_order(paid.reference), paid.at) for paid in captures if self.has(paid.reference)]

    def of_order(self, order_id: str) -> str:
        return self._orders.get(order_id, "") if self.several else ""

    def of(self, exchange: Exchange) -> str:
        if not self.several:
            return ""
        return self._requests.get(exchange.request_id) or self.of_order(self._named(exchange) or "")

    def has(self, order_id: str) -> bool:
        return order_id in self._orders

    def rank(self, exchange: Exchange) -> int:
        """How much it matters beside other buyers' events."""
        if exchange.caller == GATEWAY or exchange.callee == PROVIDER:
            return PASSED_ON
        over = exchange.answered_at or float("inf")
        paid = (at for buyer, at in self._paid if buyer == self.of(exchange))
        return PAYING if any(exchange.asked_at <= at <= over for at in paid) else PASSED

    def concerns(self, exchange: Exchange) -> bool:
        """Whether it was within the shop, and for one of these purchases. (The buyers' own are in `told`.)"""
        if exchange.caller == BUYER or exchange.request_id.startswith(LOOK):
            return False
        return exchange.request_id in self._requests or self._named(exchange) is not None

    def _named(self, exchange: Exchange) -> str | None:
        """The order that the exchange names in its path or its id."""
        words = _WORD.findall(f"{exchange.request} {exchange.request_id}")
        return next((word for word in words if word in self._orders), None)


def _told(reply: Reply, name: str) -> Iterator[Event]:
    yield Event(reply.asked_at, name, GATEWAY, "", name)
    if reply.status is None:
        yield Event(answered_at(reply), name, "", "has no answer", name)
    else:
        yield Event(answered_at(reply), GATEWAY, name, f"({reply.status})", name)


def _passed(exchange: Exchange, whose: _Whose) -> Iterator[Event]:
    buyer, request, rank = whose.of(exchange), "", PASSED
    if whose.several:
        request, rank = _short(exchange.request), whose.rank(exchange)
    yield from _passed_by(exchange, request, buyer, rank)


def _passed_by(exchange: Exchange, request: str = "", buyer: str = "", rank: int = PASSED) -> Iterator[Event]:
    yield Event(exchange.asked_at, exchange.caller, exchange.callee, request, buyer, rank)
    if exchange.answered_at is not None:
        status = "" if exchange.status is None else f"({exchange.status})"
        yield Event(exchange.answered_at, exchange.callee, exchange.caller, status, buyer, rank)


def _booked(record: Record, whose: _Whose) -> Iterator[Event]:
    captures = {capture.id: capture for capture in record.captures if whose.has(capture.reference)}
    for capture in captures.values():
        says = f"captured {capture.amount_cents} cents"
        yield Event(capture.at, PROVIDER, "", says, whose.of_order(capture.reference))
    for refund in record.refunds:
        if paid := captures.get(refund.capture_id):
            says = f"refunded {paid.amount_cents} cents"
            yield Event(refund.at, PROVIDER, "", says, whose.of_order(paid.reference))


def _weather(fault: FaultWindow, rank: int) -> Iterator[Event]:
    yield Event(fault.began_at, "", "", fault.began, rank=rank)
    if fault.healed_at is not None:
        yield Event(fault.healed_at, "", "", fault.healed, rank=rank)


def _short(request: str) -> str:
    """A request in few words; of a gRPC call (`POST /box.v1.Inventory/Reserve`), the service and the method."""
    if call := _CALL.fullmatch(request):
        request = call[1]
    return request if len(request) <= LONGEST_REQUEST else f"{request[: LONGEST_REQUEST - 1]}…"


def _when(event: Event) -> float:
    return event.at
