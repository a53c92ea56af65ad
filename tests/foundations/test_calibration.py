"""How good predictions were: what holds of the measure, whatever was guessed."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.predictions import Calibration, Prediction

amounts = st.floats(1e-6, 1e6)
pairs = st.lists(st.tuples(amounts, amounts), min_size=1, max_size=30)


def judged(of: list[tuple[float | str, float | str | None]]) -> Calibration:
    rows = [Prediction(str(number), guess, "s", number, outcome) for number, (guess, outcome) in enumerate(of)]
    return Calibration.of(rows)


@given(pairs)
def test_guesser_and_world_may_change_places(of: list[tuple[float, float]]) -> None:
    there, back = judged([*of]), judged([(outcome, guess) for guess, outcome in of])
    assert (there.within, there.apart) == (back.within, pytest.approx(back.apart))
    assert there.leaning * back.leaning == pytest.approx(1)


@given(pairs, st.floats(0.01, 100))
def test_the_unit_does_not_matter(of: list[tuple[float, float]], unit: float) -> None:
    there, other = judged([*of]), judged([(guess * unit, outcome * unit) for guess, outcome in of])
    assert there.apart == pytest.approx(other.apart)
    assert there.leaning == pytest.approx(other.leaning)


@given(pairs)
def test_nobody_leans_further_than_apart(of: list[tuple[float, float]]) -> None:
    found = judged([*of])
    assert found.within <= found.numbers == len(of)
    assert found.apart is not None
    assert abs(log(found.leaning or 0)) <= log(found.apart) + 1e-9
    assert found.apart >= 1


@given(amounts, st.integers(1, 30))
def test_who_is_always_right_is_off_by_nothing(amount: float, count: int) -> None:
    found = judged([(amount, amount)] * count)
    assert (found.within, found.apart, found.leaning) == (count, 1.0, 1.0)


def test_one_wild_guess_moves_the_middle_little() -> None:
    calm = judged([(1.0, 1.5), (1.0, 1.2), (3.0, 2.0)])
    wild = judged([(1.0, 1.5), (1.0, 1.2), (3.0, 2.0), (1e9, 1.0)])
    assert (calm.within, wild.within, wild.numbers) == (3, 3, 4)
    assert (wild.apart or 0) < 1.6


@pytest.mark.parametrize(
    ("guess", "outcome", "within"),
    [(1.0, 2.0, 1), (2.0, 1.0, 1), (1.0, 2.001, 0), (0.0, 0.0, 1), (0.0, 0.1, 0), (5.0, 0.0, 0), (-1.0, -1.0, 1)],
)
def test_a_factor_of_two_and_nothing(guess: float, outcome: float, within: int) -> None:
    assert judged([(guess, outcome)]).within == within


def test_what_has_no_outcome_yet_and_choices_are_apart() -> None:
    found = judged([(1.0, None), ("yes", "no"), ("yes", "yes"), ("no", None), (exp(1), 1.0)])
    assert (found.made, found.numbers, found.choices, found.right) == (5, 1, 2, 1)
    assert found.apart == found.leaning == pytest.approx(exp(1))
