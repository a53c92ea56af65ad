"""The lesson's own experiments on the naive shop: what the prose says about them is what happens."""

import re
from collections.abc import Iterator

import pytest

from breakwater.errors import BadInput
from breakwater.notebook import Shop

pytestmark = pytest.mark.shop


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    shop.up()
    yield shop
    shop.down()


def test_a_purchase_can_be_followed_through_the_shop(shop):
    told = shop.buy(seat="A1")
    assert told.answer.status == 201
    hops = [row[1] for row in shop.trace(told).rows]
    seat = ["orders → inventory", "inventory → orders"]
    money = ["orders → payments", "payments → provider", "provider → payments", "payments → orders"]
    assert hops == ["buyer → gateway", "gateway → orders", *seat, *money, *seat, "orders → gateway", "gateway → buyer"]


def test_slow_payments_hold_the_seat_page_at_the_gateway(shop):
    slow = shop.sale(40, over_s=5, weather=shop.slow("orders", "payments", 5), during=(0.5, 4.8))
    assert slow.slowest_page_s > 1, "the page waited for a place that a buyer held"
    passed_on = next(row for row in shop.trace(slow.slowest_page).rows if row[1] == "gateway → inventory")
    assert float(passed_on[0]) > slow.slowest_page_s / 2, "it stood in the gateway for most of that time"
    dead = shop.sale(40, over_s=5, weather=shop.dead("payments"), during=(0.5, 4.8))
    assert dead.slowest_page_s < slow.slowest_page_s
    assert [row[0] for row in shop.table(slow, dead).rows] == ["payments answers 5 s late", "payments is dead"]


def test_visitors_who_wait_for_a_silent_catalog_hold_the_buyers(shop):
    hangs = shop.faults.hang("gateway", "catalog")
    stuck = shop.sale(20, over_s=5, visitors=100, weather=hangs, during=(0.5, 4))
    assert 0.5 <= stuck.hit_after_s(1.5) < 3.5, "twenty places are gone after a second of twenty visitors"
    assert stuck.slowest_buyer.elapsed_s > 0.5
    assert "20 for catalog" in stuck.plot_inside("gateway", places=20).alt
    assert "the event page" in stuck.plot().alt
    assert [row[0] for row in shop.visits("gateway", "catalog", stuck=stuck).rows] == ["stuck"]


def test_a_plot_says_in_words_what_it_shows(shop):
    sale = shop.sale(5, over_s=1)
    picture = sale.plot()
    assert picture.svg.lstrip().startswith("<?xml")
    assert re.search(r"buyers \d+\.\d\d s in the median", picture.alt)
    assert f'alt="{picture.alt}"' in picture._repr_html_()


def test_a_lost_answer_is_a_breach_that_the_ledger_explains(shop):
    shop.up()
    assert "balance" in repr(shop.ledger())
    with shop.lost_answers(1):
        told = shop.buy(seat="B7")
    assert told.answer.status == 503
    books = shop.ledger()
    explained = repr(books)
    assert "captured and not refunded" in explained
    assert "provider captured 4500 cents" in explained
    shown = books._repr_html_()
    assert "captured and not refunded" in shown
    assert '<img alt="' in shown
    assert "provider captured 4500 cents" in books.picture().alt
    assert books.picture().svg.startswith("<svg")


def test_mistakes_are_one_line(shop):
    with pytest.raises(BadInput, match="needs both"):
        shop.sale(5, over_s=1, weather=shop.dead("payments"))
    with pytest.raises(BadInput, match=r"shop\.up\(\)"):
        Shop().buy()
