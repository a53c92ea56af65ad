"""The fault `hang`."""

from breakwater.faults import Direction
from breakwater.faults.hang import Hang


def test_both_directions_are_held() -> None:
    fault = Hang("orders", "payments")
    assert all(fault.holds(direction) for direction in Direction)
    assert not any(fault.late_s(direction) for direction in Direction)
