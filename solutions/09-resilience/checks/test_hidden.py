"""What the lab also asks of a shop, with delays, counts and order drawn from the class seed."""

import pytest

ANSWERED_S = 2.5
WORKS_AGAIN_S = 3.0
BALANCED_S = 5.0
DECLINED_CARD = "4000000000000002"


@pytest.mark.check("09-h1")
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
            answers = await shop.buyers(*[{}] * seed.randint(5, 7), patience_s=8.0)
        await shop.sells_again(WORKS_AGAIN_S)
        await ledger.balances(BALANCED_S)
        measure.wait(answers, ANSWERED_S, when=when)


@pytest.mark.check("09-h2")
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
            measure.wait(answers, ANSWERED_S, when="with the provider's answers lost")
        for answer in answers:
            if answer.card == DECLINED_CARD:
                assert await shop.end_of(answer) != "confirmed", "a declined card bought a seat while answers were lost"
    await shop.sells_again(WORKS_AGAIN_S)
    await ledger.balances(BALANCED_S)
    await must_be_declined(shop, "when no answer was lost any more")


async def must_be_declined(shop, when):
    answer = await shop.buy(card=DECLINED_CARD)
    end = await shop.end_of(answer)
    told = answer.told + (f", and the order is {end}" if answer.order_id else "")
    assert answer.status == 402 or end == "declined", f"{when}, a buyer with a declined card was told {told}"
