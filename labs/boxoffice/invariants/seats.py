"""What must be true of the seats, whatever the weather was. How an invariant is written: see money.py."""

from collections import defaultdict

IN_TIME_S = 5  # as outcomes.md has it
LONGEST_HOLD_S = 600


def no_seat_is_sold_twice(record):
    """No seat is sold twice."""
    for (event, seat), orders in _by_seat(record, ("confirmed",)).items():
        if len(orders) > 1:
            yield orders, f"seat {seat} of {event} is sold {len(orders)} times"


def each_order_costs_what_its_seat_costs(record):
    """Each order costs what its seat costs."""
    amounts = [(o.id, o.event, o.seat, o.amount_cents) for o in record.orders.values() if o.status is not None]
    amounts += [(t.order_id, t.event, t.seat, t.amount_cents) for t in record.told if t.amount_cents is not None]
    for order_id, event, seat, amount in dict.fromkeys(amounts):
        due = record.prices.get((event, seat))
        if due is not None and amount != due:
            yield order_id, f"an order for seat {seat} of {event} is of {amount} cents, and the seat costs {due} cents"


def each_event_lists_its_seats_at_their_prices(record):
    """Each event lists all of its seats, at their prices."""
    for event, trouble in record.unlisted.items():
        yield (event, ""), f"asking for the seats of {event} brings {trouble}"
    wrong = defaultdict(list)
    for (event, seat), due in record.prices.items():
        seen = record.seats.get((event, seat))
        if event in record.unlisted or (seen and seen.price_cents == due):
            continue
        listed = f"at {seen.price_cents} cents, and it costs {due} cents" if seen else "not at all"
        wrong[event].append((seat, listed))
    for event, [(seat, listed), *more] in wrong.items():
        others = f" (and {len(more)} more are listed wrongly)" if more else ""
        yield (event, seat), f"seat {seat} of {event} is listed {listed}{others}"


def the_seat_of_a_confirmed_order_is_listed_as_sold(record):
    """The seat of each confirmed order is listed as sold."""
    for (event, seat), orders in _by_seat(record, ("confirmed",)).items():
        seen = record.seats.get((event, seat))
        if seen and not seen.sold:
            yield orders[0], f"seat {seat} of {event} has a confirmed order, and is listed as free"


def a_seat_that_nobody_has_is_listed_as_free(record):
    """A seat that neither an order nor a hold has is listed as free."""
    # Nobody's silence excuses this. If a buyer who was told nothing has the seat, its order is confirmed, and paid for:
    # then the provider's books name it. A hold that nobody was told of is excused, until the longest would have ended.
    untold = {(told.event, told.seat) for told in record.held if _may_stand_untold(told, record.seen_at)}
    held = {(told.event, told.seat) for told in record.held if told.until}
    for event, seat in _sold_to_nobody(record):
        if (event, seat) not in held | untold:
            yield (event, seat), f"seat {seat} of {event} is listed as sold, and no order has it"


def each_hold_ends_when_it_was_said_to(record):
    """Each hold ends when its buyer was told that it would, and the seat is free again."""
    until = {}
    for told in record.held:
        if told.until:
            until[told.event, told.seat] = max(told.until, until.get((told.event, told.seat), 0))
    for event, seat in _sold_to_nobody(record):
        over_s = record.seen_at - until.get((event, seat), record.seen_at)
        if over_s > IN_TIME_S:
            yield (
                (event, seat),
                f"the hold of seat {seat} of {event} ended {over_s:.1f} s ago, and it is listed as sold",
            )


def _sold_to_nobody(record):
    """The seats that are listed as sold, and that no order has."""
    owners = _by_seat(record, ("pending", "confirmed"))
    return [seat for seat, seen in record.seats.items() if seen.sold and seat not in owners]


def _may_stand_untold(told, now):
    """Whether this may have led to a hold of which its buyer knows nothing: what it was told is neither yes nor no."""
    return told.trouble and now < told.asked_at + LONGEST_HOLD_S


def _by_seat(record, states):
    """The ids of the orders in one of these states, by their seat."""
    found = defaultdict(list)
    for order in record.orders.values():
        if order.status in states:
            found[order.event, order.seat].append(order.id)
    return found
