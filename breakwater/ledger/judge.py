"""Judging a record: the breaches, each with what proves it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from breakwater.buyer import Answer
from breakwater.engines import Exchange
from breakwater.ledger import interleaving
from breakwater.ledger.interleaving import Event, FaultWindow
from breakwater.ledger.invariants import About, Invariant
from breakwater.ledger.record import Capture, Record, Seat

MOST_BUYERS = 3  # of whom the interleaving of one breach tells


@dataclass(frozen=True)
class Finding:
    """One invariant broken, by some orders or at a seat; no more than that."""

    law: Invariant
    what: str
    orders: tuple[str, ...] = ()
    seat: Seat | None = None


@dataclass(frozen=True)
class Breach:
    """One invariant broken: `what`, by which `orders` (ids) or at which seat, and the evidence of it.

    `facts` is what the three accounts say, in one line; `events` the interleaving, 12 events at most.
    """

    invariant: str
    sentence: str
    what: str
    orders: tuple[str, ...]
    seat: Seat | None
    facts: str
    events: tuple[Event, ...]

    @property
    def interleaving(self) -> str:
        """The events in one line, in seconds from the first."""
        return interleaving.as_text(self.events)


@dataclass(frozen=True)
class Case:
    """A record, and what was seen beside it: the traffic on the links and the faults."""

    record: Record
    exchanges: Sequence[Exchange] = ()
    faults: Sequence[FaultWindow] = field(default=())


def judge(case: Case, invariants: Iterable[Invariant]) -> list[Breach]:
    """Every breach of every invariant, in the order of the invariants."""
    findings = find(case.record, invariants)
    return _Witness(case).describe(findings) if findings else []


def find(record: Record, invariants: Iterable[Invariant]) -> list[Finding]:
    """What is wrong, without the evidence: quick, for who asks again and again."""
    return [_finding(law, about, what) for law in invariants for about, what in law.find(record)]


def _finding(law: Invariant, about: About, what: str) -> Finding:
    if isinstance(about, tuple):
        return Finding(law, what, seat=about)
    return Finding(law, what, orders=(about,) if isinstance(about, str) else tuple(about))


class _Witness:
    """Knows a case by its orders and seats, and says what is known of a finding."""

    def __init__(self, case: Case) -> None:
        self._case, self._record = case, case.record
        self._captures: dict[str, list[Capture]] = defaultdict(list)
        self._refunded = {refund.capture_id for refund in self._record.refunds}
        self._anybody = self._record.told or tuple(interleaving.at_the_door(case.exchanges))
        self._by_order: dict[str, list[Answer]] = defaultdict(list)
        self._by_seat: dict[Seat, list[Answer]] = defaultdict(list)
        for capture in self._record.captures:
            self._captures[capture.reference].append(capture)
        for answer in self._record.told:
            self._by_seat[answer.event, answer.seat].append(answer)
            if answer.order_id:
                self._by_order[answer.order_id].append(answer)

    def describe(self, findings: Sequence[Finding]) -> list[Breach]:
        about = [self._answers(finding) for finding in findings]
        passed = interleaving.passed_for(
            {answer.request_id for answers in about for answer in answers},
            {order_id for finding, answers in zip(findings, about, strict=True) for order_id in _ids(finding, answers)},
            self._case.exchanges,
        )
        return [
            Breach(
                finding.law.name,
                finding.law.sentence,
                finding.what,
                finding.orders,
                finding.seat,
                self._facts(finding),
                self._events(finding, answers, passed),
            )
            for finding, answers in zip(findings, about, strict=True)
        ]

    def _events(
        self, finding: Finding, answers: Sequence[Answer], passed: dict[str, list[Exchange]]
    ) -> tuple[Event, ...]:
        keys = {answer.request_id for answer in answers} | _ids(finding, answers)
        exchanges = dict.fromkeys(exchange for key in keys for exchange in passed.get(key, ()))
        events = interleaving.of_answers(answers, exchanges, self._record, self._case.faults, finding.orders)
        return tuple(interleaving.shorten(events))

    def _answers(self, finding: Finding) -> list[Answer]:
        """The purchases that the interleaving tells of: those behind the orders, or the last ones at the seat."""
        if finding.seat:
            asked = sorted(self._by_seat[finding.seat], key=lambda answer: answer.asked_at)
            served = [answer for answer in asked if answer.status != 409] or asked
            return served[-MOST_BUYERS:]
        found = [answer for order_id in finding.orders for answer in self._buyers_of(order_id)]
        asked = list({answer.request_id: answer for answer in found}.values())[:MOST_BUYERS] or self._by_trace(finding)
        return sorted(asked, key=lambda answer: answer.asked_at)

    def _buyers_of(self, order_id: str) -> list[Answer]:
        """Those that name the order, or that asked for its seat in its buyer's name."""
        order = self._record.orders.get(order_id)
        if order is None or not order.status:
            return self._by_order[order_id]
        asked = [answer for answer in self._by_seat[order.event, order.seat] if answer.buyer == order.buyer]
        return list({answer.request_id: answer for answer in [*asked, *self._by_order[order_id]]}.values())

    def _by_trace(self, finding: Finding) -> list[Answer]:
        """Where neither side names the other: who asked for the exchanges during which the money was captured?

        As many as there are orders, or it may have been somebody else.
        """
        captured_at = [capture.at for order_id in finding.orders for capture in self._captures[order_id]]
        if not captured_at:
            return []
        requests = {
            exchange.request_id
            for exchange in self._case.exchanges
            for at in captured_at
            if exchange.caller != interleaving.BUYER
            and exchange.asked_at <= at <= (exchange.answered_at or exchange.asked_at + 0.1)
        }
        found = [answer for answer in self._anybody if answer.request_id in requests]
        return found if len(found) == len(finding.orders) else []

    def _facts(self, finding: Finding) -> str:
        """What buyers were told, what the shop says and what the books hold, in one line."""
        if finding.seat:
            return self._facts_of_seat(finding.seat)
        return "; ".join(self._facts_of_order(order_id) for order_id in finding.orders[:MOST_BUYERS])

    def _facts_of_order(self, order_id: str) -> str:
        captures = self._captures[order_id]
        refunds = sum(capture.id in self._refunded for capture in captures)
        told = _listed(answer.told for answer in self._buyers_of(order_id)) or "nothing that names this order"
        order = self._record.orders.get(order_id)
        says = (order.status or order.trouble) if order else "nothing"
        books = f"{len(captures)} capture{'' if len(captures) == 1 else 's'}, {refunds} refunded"
        return f"buyer told: {told} · order: {says} · provider's books: {books}"

    def _facts_of_seat(self, seat: Seat) -> str:
        told = _listed(answer.told for answer in self._by_seat[seat]) or "nothing"
        orders = [order for order in self._record.orders.values() if order.status and (order.event, order.seat) == seat]
        states = _listed(order.status or "" for order in orders) or "none"
        seen = self._record.seats.get(seat)
        listed = f"{'sold' if seen.sold else 'free'}, {seen.price_cents} cents" if seen else "no such seat"
        return f"buyers told: {told} · orders: {states} · seat list: {self._record.unlisted.get(seat[0], listed)}"


def _ids(finding: Finding, answers: Sequence[Answer]) -> set[str]:
    return {*finding.orders, *(answer.order_id for answer in answers if answer.order_id)}


def _listed(words: Iterable[str]) -> str:
    """`201, 503, 3 × 409`: each word once, with how often it came."""
    counts: dict[str, int] = defaultdict(int)
    for word in words:
        counts[word] += 1
    return ", ".join(word if count == 1 else f"{count} × {word}" for word, count in counts.items())
