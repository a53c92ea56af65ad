"""The fault `refuse`; what it does to connections is held in tests/engines/test_proxy_faults.py."""

from breakwater.faults.refuse import Refuse


def test_nobody_listens_and_open_connections_are_cut() -> None:
    fault = Refuse("orders", "payments")
    assert fault.refuses
    assert fault.cuts_open
