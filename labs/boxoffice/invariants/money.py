"""What must be true of the money, whatever the weather was.

An invariant is a function of the record: what buyers were told (`told`), the provider's books (`captures`,
`refunds`), what the shop finally says of each order (`orders`, by id) and of each seat (`seats`, by event and name;
`unlisted`, by event, says why there is no list), and what each seat costs (`prices`). It yields one pair a breach:
what it is about, and what is wrong. It is about an order (its id), several (a list of ids) or a seat (event, name).
"""

from collections import Counter, defaultdict

DECLINED_CARD = "4000000000000002"  # the one that the provider always declines
CLOCK_S = 0.25  # two clocks need not agree better than that


def each_confirmed_order_has_one_capture(record):
    """Each confirmed order has exactly one capture that stands, of its amount."""
    kept = _kept(record)
    for order in record.orders.values():
        if order.status != "confirmed":
            continue
        captures = kept[order.id]
        if len(captures) != 1:
            yield order.id, f"a confirmed order has {len(captures)} captures that stand (allowed: exactly 1)"
        elif captures[0].amount_cents != order.amount_cents:
            paid, due = captures[0].amount_cents, order.amount_cents
            yield order.id, f"a confirmed order of {due} cents was paid with {paid} cents"


def no_capture_without_a_confirmed_order_or_a_refund(record):
    """No money was captured without a confirmed order, or it was refunded."""
    for reference, captures in _kept(record).items():
        order = record.orders.get(reference)
        if order is None or order.status != "confirmed":
            cents = sum(capture.amount_cents for capture in captures)
            state = f"is {order.status}" if order and order.status else "is not to be found"
            yield reference, f"{cents} cents were captured and not refunded, and their order {state}"


def who_was_told_that_it_is_paid_had_paid(record):
    """Who was told 201, confirmed and paid, had paid by then."""
    paid_at = defaultdict(lambda: float("inf"))
    for capture in record.captures:
        paid_at[capture.reference] = min(paid_at[capture.reference], capture.at)
    for told in record.told:
        late_s = paid_at[told.order_id] - told.answered_at
        if told.status == 201 and CLOCK_S < late_s < float("inf"):
            yield told.order_id, f"the buyer was told 201, confirmed and paid, {late_s:.1f} s before the capture"


def who_was_told_no_pays_nothing(record):
    """Who was told no has paid nothing in the end."""
    kept = _kept(record)
    charged = defaultdict(list)
    for order in record.orders.values():
        if kept[order.id]:
            charged[order.buyer, order.event, order.seat].append(order.id)
    # Who was told nothing (no answer, 500, 502, 504) may have been charged: that order must come to its end.
    may_be_charged = Counter(_deal(told) for told in record.told if not _is_no(told.status))
    refused = {_deal(told): told.status for told in record.told if _is_no(told.status)}
    for deal, status in refused.items():
        for order_id in charged[deal][may_be_charged[deal] :]:
            yield order_id, f"the buyer was told {status}, and was charged and not refunded"


def who_was_told_that_a_card_is_declined_had_such_a_card(record):
    """Who was told that their card was declined had one that is declined."""
    for told in record.told:
        if told.status == 402 and told.card != DECLINED_CARD:
            yield (told.event, told.seat), "the buyer of a good card was told 402: the card was declined"


def _kept(record):
    """The captures that stand, by the order that they name."""
    refunded = {refund.capture_id for refund in record.refunds}
    kept = defaultdict(list)
    for capture in record.captures:
        if capture.id not in refunded:
            kept[capture.reference].append(capture)
    return kept


def _is_no(status):
    return status is not None and (400 <= status < 500 or status == 503)


def _deal(told):
    return told.buyer, told.event, told.seat
