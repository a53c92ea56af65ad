"""What the lab also asks of a shop, with delays, counts and order drawn from the class seed."""

import asyncio

import pytest

ANSWERED_S = 2.5
PROMISED = (201, 202, 402, 503)
LATE_S = 3.0  # captures that are made so much after they were asked for
LONG_S, LONG_AT_MOST_S = 8.0, 25.0
WORKS_AGAIN_S = 3.0
BALANCED_S = 5.0
WAITING = 24  # at once, as the guide says: more than the gateway has places
FRESH_S = 3  # a page that is older than this does not say what is so now
DECLINED_CARD = "4000000000000002"


@pytest.mark.check("09-h1", takes_s=13)
@pytest.mark.points(3, outcome="resilience.isolation")
async def test_trouble_one_step_further(shop, faults, ledger, measure, seed):
    """A card provider that is slow or silent holds no buyer, and the money is right afterwards."""
    latency_s = seed.uniform(5.0, 5.5)
    weathers = [
        (f"with the provider answering after {latency_s:.1f} s", faults.slow, {"latency_s": latency_s}),
        ("with the provider silent", faults.hang, {}),
    ]
    seed.shuffle(weathers)
    await shop.sale(when="before the provider had trouble")
    for when, weather, how in weathers:
        async with weather("payments", "provider", at_least_s=ANSWERED_S, **how):
            answers = await shop.buyers(*[{}] * seed.randint(10, 14), patience_s=8.0, within_s=ANSWERED_S)
            measure.wait(answers, ANSWERED_S, when=when, among=PROMISED)
            await shop.finds(answers, when=when)
        await shop.sells_again(WORKS_AGAIN_S)
        await ledger.balances(BALANCED_S)


@pytest.mark.check("09-h2", takes_s=13)
@pytest.mark.points(3, outcome="resilience.ambiguity")
async def test_no_is_told_apart_from_nothing(shop, faults, ledger, measure, seed):
    """While answers get lost in both ways, a declined card stays declined and everybody else pays once."""
    await shop.sale(when="before answers were lost")
    await must_be_declined(shop, "before answers were lost")
    ways = ["reset", "hang"]
    seed.shuffle(ways)
    for way in ways:
        async with faults.provider(lose_answers=seed.randint(2, 4), lose_how=way, at_least_s=1.0):
            buyers = [{"card": DECLINED_CARD}] * 2 + [{}] * seed.randint(3, 5)
            seed.shuffle(buyers)
            answers = await shop.buyers(*buyers, patience_s=6.0)
        await ledger.balances(BALANCED_S)
        if way == "hang":
            measure.wait(answers, ANSWERED_S, when="with the provider's answers lost", among=PROMISED)
        for answer in answers:
            if answer.card == DECLINED_CARD:
                assert await shop.end_of(answer) != "confirmed", "a declined card bought a seat while answers were lost"
    await shop.sells_again(WORKS_AGAIN_S)
    await ledger.balances(BALANCED_S)
    given_back = [answer for answer in answers if answer.status and await shop.end_of(answer) != "confirmed"]
    again = [await shop.buy(answer.seat, event=answer.event) for answer in given_back[:3]]
    await shop.sold(again, when="when seats that had been given back were asked for")
    await must_be_declined(shop, "when no answer was lost any more")
    # Silence now, and a capture that is made after somebody looked whether there is one.
    async with faults.provider(capture_latency_s=LATE_S, at_least_s=LATE_S + 1.0):
        answers = await shop.buyers(*[{}] * 4, patience_s=6.0, within_s=ANSWERED_S)
        measure.wait(answers, ANSWERED_S, when=f"with captures made {LATE_S:.0f} s late", among=PROMISED)
    await ledger.balances(BALANCED_S)


async def must_be_declined(shop, when):
    answer = await shop.buy(card=DECLINED_CARD)
    end = await shop.end_of(answer)
    told = answer.told + (f", and the order is {end}" if answer.order_id else "")
    assert answer.status == 402 or end == "declined", f"{when}, a buyer with a declined card was told {told}"


@pytest.mark.check("09-h3")
@pytest.mark.points(3, outcome="resilience.isolation")
async def test_who_waits_for_money_keeps_nobody_from_looking(shop, pages, faults, ledger, measure, seed):
    """While many buyers wait for a payment, event pages and seat lists come in time, and say what is so now."""
    event = seed.choice(["opening-night", "quay-concert"])
    evenings = [f"evening-{number}" for number in seed.sample(range(1, 121), seed.randint(2, 4))]
    [before, *_] = await pages.seen(event, *evenings, when="before payments hung")
    sold = await shop.buyers(*[{"event": event}] * seed.randint(2, 4))
    await shop.sold(sold, when="before payments hung")
    when = f"with {WAITING} buyers waiting because payments hung"
    async with faults.hang("orders", "payments", at_least_s=ANSWERED_S), asyncio.TaskGroup() as crowd:
        crowd.create_task(shop.buyers(*[{"event": event, "bystander": True}] * WAITING, patience_s=8.0))
        await asyncio.sleep(0.5)
        looks = crowd.create_task(pages.look(*[event] * 3, *evenings, patience_s=8.0))
        lists = [crowd.create_task(shop.seats(event, patience_s=8.0)) for _ in range(seed.randint(2, 4))]
        listed = await asyncio.gather(*lists)
        looked = await looks
        measure.wait(listed, ANSWERED_S, when=when, who="visitor")
        await pages.hold(looked, when=when, within_s=ANSWERED_S)
    most = before.free_seats - len(sold)
    free = [page.free_seats for page in looked if page.event == event]
    free += [sum(not seat.sold for seat in seen.seats.values()) for seen in listed]
    wrong = [seen for seen in free if not most - WAITING <= seen <= most]
    assert not wrong, f"{when}, a visitor saw {wrong[0]} free seats, and there were {most - WAITING} to {most}"
    oldest = max(page.age_s or 0 for page in looked)
    assert oldest <= FRESH_S, f"{when}, a page showed a description {oldest} s old, though the catalog was well"
    await shop.sells_again(WORKS_AGAIN_S)
    await ledger.balances(BALANCED_S)


@pytest.mark.check("09-h4", takes_s=18, limit_s=90)
@pytest.mark.points(2, outcome="resilience.retries")
async def test_a_long_trouble_ends_as_quickly_as_a_short_one(shop, faults, ledger, seed):
    """However long payments was away, and whenever it was asked last, sales and books are right soon after."""
    await shop.sale(when="before payments was away")
    async with faults.lose_answer("orders", "payments"):
        await shop.buyers(*[{}] * 6, patience_s=6.0)
        after_s = seed.uniform(LONG_S, LONG_S + 1.0)
        await faults.until_just_asked("orders", "payments", after_s=after_s, at_most_s=LONG_AT_MOST_S)
    await shop.sells_again(WORKS_AGAIN_S)
    await ledger.balances(BALANCED_S)
