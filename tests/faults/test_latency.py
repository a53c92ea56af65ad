"""The fault `latency`."""

import math

import pytest

from breakwater.errors import BadInput
from breakwater.faults import Direction
from breakwater.faults.latency import Latency


def test_answers_are_late_and_requests_are_not() -> None:
    fault = Latency("orders", "payments", 5.0)
    assert (fault.late_s(Direction.ANSWER), fault.late_s(Direction.REQUEST)) == (5.0, 0.0)
    assert not fault.holds(Direction.ANSWER)


@pytest.mark.parametrize("latency_s", [-1.0, math.nan, math.inf, "5"])
def test_a_latency_is_a_number_of_seconds(latency_s: float) -> None:
    with pytest.raises(BadInput, match="latency_s is a number of seconds"):
        Latency("orders", "payments", latency_s)
