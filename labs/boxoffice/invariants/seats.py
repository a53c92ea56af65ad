"""What must be true of the seats, whatever the weather was. How an invariant is written: see money.py."""

from collections import defaultdict

HOLDS = ("pending", "confirmed")


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


def a_seat_that_no_order_holds_is_listed_as_free(record):
    """A seat that no order holds is listed as free."""
    # Nobody's silence excuses this. If a buyer who was told nothing has the seat, its order is confirmed, and paid for:
    # then the provider's books name it.
    holders = _by_seat(record, HOLDS)
    for (event, seat), seen in record.seats.items():
        if seen.sold and (event, seat) not in holders:
            yield (event, seat), f"seat {seat} of {event} is listed as sold, and no order has it"


def _by_seat(record, states):
    """The ids of the orders in one of these states, by their seat."""
    found = defaultdict(list)
    for order in record.orders.values():
        if order.status in states:
            found[order.event, order.seat].append(order.id)
    return found
