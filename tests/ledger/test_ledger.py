"""The ledger never accuses a consistent history, and finds each planted corruption by name."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater import ledger
from breakwater.buyer import DECLINED_CARD, Answer, Held, OrderSeen, SeatSeen
from breakwater.engines import Exchange
from breakwater.ledger import Capture, Case, Record, Refund

INVARIANTS = ledger.load()
EVENT = "opening-night"
PRICES = {(EVENT, f"A{n}"): 4500 for n in range(100)}
STORIES = (
    "sold",
    "accepted-sold",
    "accepted-declined",
    "declined",
    "refused",
    "refused-refunded",
    "sold-after-double",
    "unanswered-sold",
    "unanswered-cancelled",
    "accepted-cancelled-refunded",
)


def answer(n: int, status: int | None, order_id: str | None) -> Answer:
    return Answer(f"b{n}", "opening-night", f"A{n}", "4242424242424242", f"r{n}", 100.0 + n, 0.1, status, order_id)


def order(n: int, status: str) -> OrderSeen:
    return OrderSeen(f"o{n}", status, "opening-night", f"A{n}", f"b{n}", 4500)


def capture(n: int, copy: int = 0) -> Capture:
    return Capture(f"c{n}-{copy}", f"o{n}", 4500, 100.05 + n)


def tell(n: int, story: str) -> Record:
    """One purchase that went right, in one of the ways in which that can happen."""
    end = "confirmed" if "sold" in story else "declined" if story == "accepted-declined" else "cancelled"
    status = {"sold": 201, "accepted": 202, "declined": 402, "refused": 503}.get(story.split("-")[0])
    acknowledged = f"o{n}" if status in (201, 202) else None
    captures = [capture(n)] if "sold" in story or "refunded" in story else []
    refunds = [Refund(f"f{n}", f"c{n}-0", 101.0 + n)] if "refunded" in story else []
    if story == "sold-after-double":
        captures, refunds = [*captures, capture(n, 1)], [Refund(f"f{n}", f"c{n}-1", 101.0 + n)]
    told = answer(n, status, acknowledged)
    told = replace(told, card=DECLINED_CARD) if status == 402 else told
    return Record((told,), tuple(captures), tuple(refunds), {f"o{n}": order(n, end)})


def join(parts: list[Record]) -> Record:
    """One record of all, with the seat list that follows from the orders."""
    orders = {key: value for p in parts for key, value in p.orders.items()}
    return Record(
        tuple(t for p in parts for t in p.told),
        tuple(c for p in parts for c in p.captures),
        tuple(r for p in parts for r in p.refunds),
        orders,
        {
            seat: SeatSeen(cents, seat in {(o.event, o.seat) for o in orders.values() if o.status == "confirmed"})
            for seat, cents in PRICES.items()
        },
        {},
        PRICES,
    )


histories = st.lists(st.sampled_from(STORIES), max_size=12).map(
    lambda stories: join([tell(n, story) for n, story in enumerate(stories)])
)


def names(record: Record) -> set[str]:
    return {breach.invariant for breach in ledger.judge(Case(record), INVARIANTS)}


@given(histories)
def test_a_consistent_history_has_no_breach(history: Record) -> None:
    assert names(history) == set()


def double_charge(record: Record) -> Record:
    return replace(record, captures=(*record.captures, capture(99, 1)))


def forget_the_capture(record: Record) -> Record:
    return replace(record, captures=tuple(c for c in record.captures if c.reference != "o99"))


def charge_later(record: Record) -> Record:
    return replace(
        record, captures=tuple(replace(c, at=c.at + 9) if c.reference == "o99" else c for c in record.captures)
    )


def charge_half(record: Record) -> Record:
    return replace(
        record, captures=tuple(replace(c, amount_cents=2250) if c.reference == "o99" else c for c in record.captures)
    )


def cancel_without_refund(record: Record) -> Record:
    told = tuple(replace(t, status=None, order_id=None) if t.buyer == "b99" else t for t in record.told)
    return replace(record, told=told, orders={**record.orders, "o99": order(99, "cancelled")})


def lose_the_order(record: Record) -> Record:
    return replace(record, orders={**record.orders, "o99": OrderSeen("o99", trouble="404")})


def tell_no_and_charge(record: Record) -> Record:
    told = tuple(replace(t, status=503, order_id=None) if t.buyer == "b99" else t for t in record.told)
    return replace(record, told=told)


def call_a_good_card_declined(record: Record) -> Record:
    return join([record, replace(tell(98, "refused"), told=(answer(98, 402, None),))])


def leave_it_pending(record: Record) -> Record:
    return replace(record, orders={**record.orders, "o99": order(99, "pending")})


def sell_the_seat_again(record: Record) -> Record:
    other = tell(98, "sold")
    sold = {key: replace(value, seat="A99") for key, value in other.orders.items()}
    return join([record, replace(other, orders=sold, told=(replace(other.told[0], seat="A99"),))])


def relist(record: Record, seat: str, **changed: object) -> Record:
    seen = replace(record.seats[EVENT, seat], **changed)
    return replace(record, seats={**record.seats, (EVENT, seat): seen})


def sell_at_one_cent(record: Record) -> Record:
    cheap = tuple(replace(c, amount_cents=1) if c.reference == "o99" else c for c in record.captures)
    return replace(
        record, captures=cheap, orders={**record.orders, "o99": replace(order(99, "confirmed"), amount_cents=1)}
    )


def tell_another_price(record: Record) -> Record:
    told = tuple(replace(t, body={"amount_cents": 1}) if t.buyer == "b99" else t for t in record.told)
    return replace(record, told=told)


def change_the_price(record: Record) -> Record:
    cheap = {seat: replace(seen, price_cents=1) for seat, seen in record.seats.items()}
    return replace(sell_at_one_cent(record), seats=cheap)


def hide_a_seat(record: Record) -> Record:
    return replace(record, seats={seat: seen for seat, seen in record.seats.items() if seat != (EVENT, "A98")})


def list_nothing(record: Record) -> Record:
    return replace(record, seats={}, unlisted={EVENT: "503"})


def list_the_sold_seat_as_free(record: Record) -> Record:
    return relist(record, "A99", sold=False)


def never_free_a_seat(record: Record) -> Record:
    return relist(join([record, tell(98, "declined")]), "A98", sold=True)


def never_free_the_seat_of_whom_nobody_answered(record: Record) -> Record:
    return relist(join([record, tell(98, "unanswered-cancelled")]), "A98", sold=True)


def hold(record: Record, *, until: float | None, status: int | None = 201, seen_at: float = 1000.0) -> Record:
    """Somebody asked for a hold of A98 at 200 s, and the seat is listed as sold."""
    trouble = "" if until else "nothing: no answer came within 5.0 s"
    told = Held("b98", EVENT, "A98", 200.0, 0.1, status, "h98" if until else None, until, trouble)
    return replace(relist(record, "A98", sold=True), held=(told,), seen_at=seen_at)


def never_end_the_hold(record: Record) -> Record:
    return hold(record, until=320.0)


def never_end_the_hold_that_nobody_was_told_of(record: Record) -> Record:
    return hold(record, until=None, status=None)


def change_what_had_ended(record: Record) -> Record:
    sold = record.orders["o99"]
    return replace(record, orders={**record.orders, "o99": replace(sold, ended_as="cancelled")})


def show_another_seat(record: Record) -> Record:
    return replace(record, orders={**record.orders, "o99": replace(order(99, "confirmed"), seat="A98")})


CORRUPTIONS = {
    call_a_good_card_declined: "who-was-told-that-a-card-is-declined-had-such-a-card",
    double_charge: "each-confirmed-order-has-one-capture",
    forget_the_capture: "each-confirmed-order-has-one-capture",
    charge_later: "who-was-told-that-it-is-paid-had-paid",
    charge_half: "each-confirmed-order-has-one-capture",
    cancel_without_refund: "no-capture-without-a-confirmed-order-or-a-refund",
    lose_the_order: "no-acknowledged-order-is-lost",
    tell_no_and_charge: "who-was-told-no-pays-nothing",
    leave_it_pending: "every-order-came-to-an-end",
    change_what_had_ended: "what-has-ended-stays-as-it-ended",
    sell_the_seat_again: "no-seat-is-sold-twice",
    show_another_seat: "no-acknowledged-order-is-lost",
    sell_at_one_cent: "each-order-costs-what-its-seat-costs",
    tell_another_price: "each-order-costs-what-its-seat-costs",
    change_the_price: "each-event-lists-its-seats-at-their-prices",
    hide_a_seat: "each-event-lists-its-seats-at-their-prices",
    list_nothing: "each-event-lists-its-seats-at-their-prices",
    list_the_sold_seat_as_free: "the-seat-of-a-confirmed-order-is-listed-as-sold",
    never_free_a_seat: "a-seat-that-nobody-has-is-listed-as-free",
    never_end_the_hold: "each-hold-ends-when-it-was-said-to",
    never_end_the_hold_that_nobody_was_told_of: "a-seat-that-nobody-has-is-listed-as-free",
    never_free_the_seat_of_whom_nobody_answered: "a-seat-that-nobody-has-is-listed-as-free",
}


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda c: c.__name__)
@given(history=histories)
def test_each_planted_corruption_is_found_by_name(corrupt, history: Record) -> None:
    assert CORRUPTIONS[corrupt] in names(corrupt(join([history, tell(99, "sold")])))


@pytest.mark.parametrize(("until", "status", "seen_at"), [(320.0, 201, 319.0), (None, None, 799.0), (None, 504, 799.0)])
def test_a_seat_that_may_be_held_still_is_nobodys_fault(until, status, seen_at) -> None:
    record = join([tell(99, "sold")])
    assert names(hold(record, until=until, status=status, seen_at=seen_at)) == set()


def test_every_invariant_is_reached_by_a_corruption() -> None:
    assert set(CORRUPTIONS.values()) == {invariant.name for invariant in INVARIANTS}


def test_a_buyer_told_no_who_tries_again_and_is_sold_the_seat_is_charged_rightly() -> None:
    first = replace(answer(1, 503, None), request_id="r0", asked_at=90.0)
    record = tell(1, "sold")
    assert names(replace(record, told=(first, *record.told))) == set()


def test_a_breach_tells_the_facts_and_the_interleaving() -> None:
    record = cancel_without_refund(tell(99, "sold"))
    record = replace(record, told=(answer(99, 503, None),))
    exchanges = [
        Exchange("gateway", "orders", "POST /orders", "r99", 199.01, 199.09, 503),
        Exchange("orders", "payments", "POST /payments", "r99", 199.02, None, None),
        Exchange("gateway", "orders", "POST /orders", "somebody-else", 199.03, 199.04, 201),
    ]
    breach = ledger.judge(Case(record, exchanges), INVARIANTS)[0]
    assert breach.what == "4500 cents were captured and not refunded, and their order is cancelled"
    assert breach.facts == "buyer told: 503 · order: cancelled · provider's books: 1 capture, 0 refunded"
    assert breach.interleaving == (
        "buyer → gateway 0.00 s · gateway → orders 0.01 s · orders → payments 0.02 s · "
        "provider captured 4500 cents 0.05 s · orders → gateway (503) 0.09 s · gateway → buyer (503) 0.10 s"
    )


def test_an_interleaving_keeps_at_most_twelve_events_and_all_that_matter() -> None:
    record = double_charge(tell(99, "sold"))
    chatter = [Exchange("orders", "payments", "GET /x", "r99", 199 + n / 100, 199.001 + n / 100, 200) for n in range(9)]
    text = ledger.judge(Case(record, chatter), INVARIANTS)[0].interleaving
    assert text.count(" · ") == 11
    assert text.count("captured") == 2
    assert "gateway → buyer (201)" in text


def test_a_folder_without_invariants_is_refused(tmp_path) -> None:
    with pytest.raises(ledger.invariants.BadInput, match="holds no invariants"):
        ledger.load(tmp_path)


def test_an_invariant_without_a_sentence_is_refused(tmp_path) -> None:
    (tmp_path / "x.py").write_text("def nothing_said(record):\n    return []\n")
    with pytest.raises(ledger.invariants.BadInput, match="says nothing"):
        ledger.load(tmp_path)
