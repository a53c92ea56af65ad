"""The fault `jitter`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.errors import BadInput
from breakwater.faults import Direction
from breakwater.faults.jitter import Jitter


@given(least_s=st.floats(0, 5), width_s=st.floats(0, 5), seed=st.integers())
def test_answers_are_late_within_the_bounds_and_requests_are_not(least_s: float, width_s: float, seed: int) -> None:
    fault = Jitter("orders", "payments", least_s, least_s + width_s, seed)
    assert all(least_s <= fault.late_s(Direction.ANSWER) <= least_s + width_s for _ in range(10))
    assert fault.late_s(Direction.REQUEST) == 0.0


def test_one_seed_draws_the_same_times_whatever_was_asked_beside() -> None:
    one, other = (Jitter("a", "b", 0.0, 1.0, seed=4) for _ in range(2))
    drawn = [one.late_s(Direction.ANSWER) for _ in range(5)]
    again = [other.late_s(Direction.ANSWER) for _ in range(5) if not other.late_s(Direction.REQUEST)]
    assert drawn == again
    assert len(set(drawn)) == 5


@pytest.mark.parametrize(
    ("least_s", "most_s", "said"),
    [(-1.0, 1.0, "least_s is a number"), (0.0, math.inf, "most_s is a number"), (2.0, 1.0, "is more than most_s")],
)
def test_bounds_are_seconds_in_order(least_s: float, most_s: float, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Jitter("a", "b", least_s, most_s)


def test_a_share_of_the_answers_is_late_and_the_others_are_not() -> None:
    fault = Jitter("a", "b", 0.5, 1.0, late_share=0.1)
    late = [late_s for _ in range(1000) if (late_s := fault.late_s(Direction.ANSWER))]
    assert 70 <= len(late) <= 130
    assert min(late) >= 0.5
    assert "10 of a hundred answers of b come 0.5 to 1.0 s late" in fault.began


@pytest.mark.parametrize("share", [-0.1, 1.5, math.nan])
def test_a_share_is_between_0_and_1(share: float) -> None:
    with pytest.raises(BadInput, match="late_share"):
        Jitter("a", "b", 0.5, 1.0, late_share=share)
