"""What the lab "Payments that do not answer" asks of a shop. The guide beside states the budgets that are held here.

Each check begins and ends on a sunny day: a shop that survives bad weather by selling nothing has not survived it.
"""

import pytest

GOOD, DECLINED = {}, {"card": "4000000000000002"}
# At once. More than the sale before left open connections, so that some requests find a hanging link on a new one,
# which carries them out when it heals. Who takes silence for a yes sells to the declined card too.
BUYERS = [GOOD, GOOD, DECLINED, GOOD, GOOD, GOOD]
ANSWERED_S = 2.5  # the buyer's wait, whatever payments does: half of the delay that is injected
HANGS_S = 5.0  # long enough for who gives up after a few attempts to do so while one is under way
WORKS_AGAIN_S = 3.0
BALANCED_S = 5.0


@pytest.mark.check("slow-payment")
@pytest.mark.points(3, outcome="resilience.timeout")
async def test_slow_payment(shop, faults, ledger, measure):
    """A slow payment does not hold the order endpoint."""
    await shop.sale(when="before payments became slow")
    async with faults.slow("orders", "payments", latency_s=5.0, at_least_s=ANSWERED_S):
        answers = await shop.buyers(*BUYERS, patience_s=8.0)
    measure.wait(answers, ANSWERED_S, when="with payments answering after 5.0 s")
    await shop.sells_again(WORKS_AGAIN_S)
    await ledger.balances(BALANCED_S)


@pytest.mark.check("hanging-payment")
@pytest.mark.points(3, outcome="resilience.isolation")
async def test_hanging_payment(shop, faults, ledger, measure):
    """When payments hangs, each buyer is answered in time, and sales go on when it is back."""
    await shop.sale(when="before payments hung")
    async with faults.hang("orders", "payments", at_least_s=HANGS_S):
        answers = await shop.buyers(*BUYERS, patience_s=6.0)
    measure.wait(answers, ANSWERED_S, when="with payments hanging")
    await shop.sells_again(WORKS_AGAIN_S)
    await ledger.balances(BALANCED_S)


@pytest.mark.check("answer-lost")
@pytest.mark.points(4, outcome="resilience.ambiguity")
async def test_answer_lost(shop, faults, ledger, measure):
    """When the provider takes the money and its answer is lost, each buyer pays once, or gets the money back."""
    await shop.sale(when="before answers were lost")
    async with faults.provider(lose_answers=3, lose_how="reset", at_least_s=1.0):
        await shop.buyers(*BUYERS, patience_s=6.0)
    await ledger.balances(BALANCED_S)
    async with faults.provider(lose_answers=3, lose_how="hang", at_least_s=1.0):
        answers = await shop.buyers(*BUYERS, patience_s=6.0)
    measure.wait(answers, ANSWERED_S, when="with the provider's answers lost")
    await shop.sells_again(WORKS_AGAIN_S)
    await ledger.balances(BALANCED_S)
