"""What must be true of the orders, whatever the weather was. How an invariant is written: see money.py."""

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
        elif (told.event, told.seat, told.buyer) != (order.event, order.seat, order.buyer):
            now = f"seat {order.seat} of {order.event} for {order.buyer}"
            yield told.order_id, f"the buyer was told {told.status} for seat {told.seat}, and the order is now of {now}"


def what_has_ended_stays_as_it_ended(record):
    """An order that has ended stays as it ended."""
    for order in record.orders.values():
        if order.ended_as is not None and order.status is not None and order.status != order.ended_as:
            yield order.id, f"the order was {order.ended_as}, which is final, and is {order.status} now"


def every_order_came_to_an_end(record):
    """Every order came to an end: confirmed, declined or cancelled."""
    for order in record.orders.values():
        if order.status is not None and order.status not in FINAL:
            yield order.id, f"the order is still {order.status}"
