"""What a lesson reads off a sale, from records alone."""

import math
from collections.abc import Sequence

import pytest

from breakwater.buyer import Answer
from breakwater.engines import Exchange
from breakwater.notebook._sale import Page, Sale


def a_sale(waits_s: Sequence[float] = (), visits_s: Sequence[float] = (), exchanges: Sequence[Exchange] = ()) -> Sale:
    """A sale with weather from second 2 to 8, a buyer and a visitor a second, who waited so long."""
    buyers = [Answer("ann", "gala", "A1", "4242", str(n), 100.0 + n, wait, 201) for n, wait in enumerate(waits_s)]
    visits = [Page(str(n), 100.0 + n, wait, 200) for n, wait in enumerate(visits_s)]
    return Sale("it rains", 100.0, (2.0, 8.0), tuple(buyers), (), tuple(exchanges), tuple(visits))


def question(asked_at: float, answered_at: float | None, callee: str = "catalog") -> Exchange:
    return Exchange("gateway", callee, "GET /", "", asked_at, answered_at, 200)


def test_a_percentile_is_a_wait_that_somebody_had() -> None:
    sale = a_sale(visits_s=[n / 100 for n in range(200, 0, -1)])
    assert sale.visit_percentiles_s(50, 95, 99, 100) == [1.0, 1.9, 1.98, 2.0]
    assert a_sale(visits_s=[0.3]).visit_percentiles_s(1, 99) == [0.3, 0.3]


@pytest.mark.parametrize(
    ("waits_s", "hit_s"),
    [([9, 0, 0, 0, 0.6, 3], 2.0), ([9, 9, 0.1, 0.5], math.inf), ([0, 0, 0.6], 0.0), ([], math.inf)],
)
def test_buyers_are_hit_by_the_weather_and_not_before_it(waits_s: list[float], hit_s: float) -> None:
    assert a_sale(waits_s).hit_after_s(0.5) == hit_s


def test_places_are_held_from_the_question_to_its_answer() -> None:
    asked = [question(101, 104), question(102, 103), question(103, None), question(101, 102, "orders")]
    picture = a_sale([0.0] * 6, exchanges=asked).plot_inside("gateway", places=20)
    assert picture.alt == "Of 20 places of gateway there were taken at most: 2 for catalog, 1 for orders."


def test_what_a_visit_costs_on_a_link_is_counted_there_alone() -> None:
    asked = [question(101, 102), question(101, 102), question(101, 102, "orders")]
    assert a_sale(visits_s=[0.1, 0.1], exchanges=asked).attempts_per_visit("gateway", "catalog") == 1.0
