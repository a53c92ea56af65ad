"""Judging a record: the breaches, each with what proves it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from breakwater.buyer import Answer
from breakwater.engines import Exchange
from breakwater.ledger import interleaving
from breakwater.ledger.interleaving import FaultWindow
from breakwater.ledger.invariants import Invariant
from breakwater.ledger.record import Record


@dataclass(frozen=True)
class Breach:
    """One invariant broken by one order. `facts` and `interleaving` are text; times count from the buyer's request."""

    invariant: str
    sentence: str
    order_id: str
    what: str
    facts: str
    interleaving: str


@dataclass(frozen=True)
class Case:
    """A record, and what was seen beside it: the traffic on the links and the faults."""

    record: Record
    exchanges: Sequence[Exchange] = ()
    faults: Sequence[FaultWindow] = field(default=())


def judge(case: Case, invariants: Iterable[Invariant]) -> list[Breach]:
    """Every breach of every invariant, in the order of the invariants."""
    return [
        Breach(law.name, law.sentence, order_id, what, facts(case.record, order_id), _interleaving(case, order_id))
        for law in invariants
        for order_id, what in law.find(case.record)
    ]


def facts(record: Record, order_id: str) -> str:
    """What buyers were told, what the shop says and what the books hold about one order, in one line."""
    captures = [capture for capture in record.captures if capture.reference == order_id]
    ids = {capture.id for capture in captures}
    refunds = sum(refund.capture_id in ids for refund in record.refunds)
    told = ", ".join(answer.told for answer in buyers_of(record, order_id)) or "nothing that names this order"
    order = record.orders.get(order_id)
    says = (order.status or order.trouble) if order else "nothing"
    return f"buyer told: {told} · order: {says} · provider's books: {_times(captures, 'capture')}, {refunds} refunded"


def buyers_of(record: Record, order_id: str) -> list[Answer]:
    """The purchases that led to this order: those that name it, or that asked for its seat in its buyer's name."""
    order = record.orders.get(order_id)
    deal = (order.buyer, order.event, order.seat) if order and order.status else None
    return [
        answer
        for answer in record.told
        if answer.order_id == order_id or deal == (answer.buyer, answer.event, answer.seat)
    ]


def _interleaving(case: Case, order_id: str) -> str:
    answers = buyers_of(case.record, order_id) or _by_trace(case, order_id)
    events = interleaving.of_answers(answers, case.exchanges, case.record, case.faults, [order_id])
    return interleaving.as_text(interleaving.shorten(events))


def _by_trace(case: Case, order_id: str) -> list[Answer]:
    """Where neither side names the other: who asked for the exchange during which the money was captured?"""
    captured_at = [capture.at for capture in case.record.captures if capture.reference == order_id]
    requests = {
        exchange.request_id
        for exchange in case.exchanges
        for at in captured_at
        if exchange.asked_at <= at <= (exchange.answered_at or exchange.asked_at + 0.1)
    }
    found = [answer for answer in case.record.told if answer.request_id in requests]
    return found if len(found) == 1 else []


def _times(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
