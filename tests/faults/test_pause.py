"""The fault `pause`; that a lease of it ends with its holder is held in tests/engines/test_leases.py."""

from services import Told

from breakwater.faults.pause import Pause


async def test_a_service_is_paused_and_resumed() -> None:
    services = Told()
    await Pause("orders").begin(services)
    await Pause("orders").heal(services)
    assert services.asked == ["pause orders", "resume orders"]
