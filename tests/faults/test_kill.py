"""The fault `kill`; that a lease of it ends with its holder is held in tests/engines/test_leases.py."""

from services import Told

from breakwater.faults.kill import Kill


async def test_a_service_is_killed_and_started_again() -> None:
    services = Told()
    await Kill("orders").begin(services)
    await Kill("orders").heal(services)
    assert services.asked == ["kill orders", "restart orders"]
