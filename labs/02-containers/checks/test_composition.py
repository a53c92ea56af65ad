"""What the lab asks of the shop's `compose.yaml`: who waits for whom, who reaches whom, who may take how much.

Compose brings it up as it is, its networks, dependencies, limits and replicas; in each service's place stands an actor
of ours, which says its name to whoever reaches it, and is well when the check says so.
"""

import pytest

from breakwater.checks.rehearsed import by_name, early

FORBIDDEN_MB, FORBIDDEN_PROCESSES = 640, 300  # far beyond 256 MB, with as much swap, and 200
REPLICAS = 3


@pytest.mark.check("segments", takes_s=25, limit_s=240)
@pytest.mark.points(3, outcome="containers.composition")
async def test_segments(composition):
    """The catalog reaches its database, and payments neither by name, nor by address, nor by a published port."""
    await composition.reaches("orders", "payments")
    await composition.answers_at_its_address("orders", "payments")
    await composition.reaches("catalog", "postgres")
    await composition.reaches("gateway", "catalog")
    await composition.is_cut_off("catalog", "payments")


@pytest.mark.check("limits", takes_s=20, limit_s=240)
@pytest.mark.points(2, outcome="containers.composition")
async def test_limits(composition):
    """No service of the shop can take the machine's memory, or fill it with processes."""
    for service in composition.services:
        took = await composition.may_eat(service, FORBIDDEN_MB)
        assert not took, f"{service} took {FORBIDDEN_MB} MB of memory, and nobody stopped it (allowed: 256 MB)"
    for service in composition.services:
        count = await composition.may_fork(service, FORBIDDEN_PROCESSES)
        assert count < FORBIDDEN_PROCESSES, f"{service} started {count} processes, and could go on (allowed: 200)"


@pytest.mark.check("replicas", takes_s=10, limit_s=240)
@pytest.mark.points(2, outcome="containers.composition")
async def test_replicas(composition):
    """Three containers answer to the name of orders."""
    found = await composition.replicas("gateway", "orders")
    count = len(found)
    assert count == REPLICAS, f"at the name orders the gateway found {count} containers (wanted: {REPLICAS})"


@pytest.mark.check("start-order", takes_s=50, limit_s=240)
@pytest.mark.points(3, outcome="containers.composition")
async def test_start_order(composition):
    """Nobody is started before those are well whom its URLs name, and before its database is migrated."""
    too_early = early(await composition.started(by_name))
    assert not too_early, f"the shop came up in the wrong order: {'; '.join(too_early)}"
