"""The fault `reset`; what it does to connections is held in tests/engines/test_proxy_faults.py."""

from breakwater.faults import Direction, Fate
from breakwater.faults.reset import Reset


def test_open_connections_are_cut_and_each_request_cuts_its_own() -> None:
    fault = Reset("orders", "payments")
    assert fault.cuts_open
    assert not fault.refuses
    assert fault.fate(Direction.REQUEST) is Fate.CUT
    assert fault.fate(Direction.ANSWER) is Fate.CARRIED
