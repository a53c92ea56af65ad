import pytest


@pytest.mark.check("sells")
@pytest.mark.points(2, outcome="sample.sum")
async def test_sells(shop):
    """A seat is sold on a sunny day."""
    answer = await shop.buy()
    assert answer.status == 201, f"the buyer was answered {answer.status}"
