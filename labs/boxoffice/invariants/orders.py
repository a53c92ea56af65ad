"""What must be true of the orders, whatever the weather was. How an invariant is written: see money.py."""

from collections import defaultdict

FINAL = ("confirmed", "declined", "cancelled")


def no_acknowledged_order_is_lost(record):
    """No order that a buyer was told of is lost, and what was told as sold stays sold."""
    for told in record.told:
        if told.order_id is None or told.status not in (201, 202):
            continue
        order = record.orders.get(told.order_id)
        if order is None or order.status is None:
            why = order.trouble if order else "nobody asked"
            yield told.order_id, f"the buyer was told {told.status}, and asking for the order brings {why}"
        elif told.status == 201 and order.status != "confirmed":
            yield told.order_id, f"the buyer was told 201, confirmed and paid, and the order is {order.status}"


def every_order_came_to_an_end(record):
    """Every order came to an end: confirmed, declined or cancelled."""
    for order in record.orders.values():
        if order.status is not None and order.status not in FINAL:
            yield order.id, f"the order is still {order.status}"


def no_seat_is_sold_twice(record):
    """No seat is sold twice."""
    owners = defaultdict(list)
    for order in record.orders.values():
        if order.status == "confirmed":
            owners[order.event, order.seat].append(order.id)
    for (_, seat), orders in owners.items():
        for order_id in orders[1:]:
            yield order_id, f"seat {seat} is sold {len(orders)} times"
