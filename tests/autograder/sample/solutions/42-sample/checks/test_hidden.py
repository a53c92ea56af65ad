import pytest


@pytest.mark.check("42-h1")
@pytest.mark.points(3, outcome="sample.sum")
async def test_declines(shop):
    """A declined card is told, and SECRET-SENTENCE stays with us."""
    answer = await shop.buy(card="4000000000000002")
    assert answer.status == 402, f"SECRET-NUMBER {answer.status}"
