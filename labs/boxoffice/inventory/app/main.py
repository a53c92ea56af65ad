"""Inventory's server: it answers until it is told to stop, and then finishes what it has begun.

python -m app.main --host 0.0.0.0 --port 9000
"""

import argparse
import asyncio
import signal
from contextlib import suppress

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from sqlalchemy.ext.asyncio import create_async_engine

from . import logs
from .plan import SeatingPlan
from .rpc.inventory_pb2_grpc import add_InventoryServicer_to_server
from .service import Inventory
from .settings import Settings

CONNECTIONS = 8  # kept open: one that is opened for a single query costs more than the query
LOOK_EVERY_S = 1.0
READY_WITHIN_S = 1.0
GRACE_S = 3.0


async def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    engine = create_async_engine(Settings().database_url, pool_pre_ping=True, pool_size=CONNECTIONS, max_overflow=0)
    plan, healths = SeatingPlan(engine), health.aio.HealthServicer()
    # A second server on the same port would be let in, and get half of the calls.
    server = grpc.aio.server(interceptors=[logs.RequestLog()], options=[("grpc.so_reuseport", 0)])
    add_InventoryServicer_to_server(Inventory(plan), server)
    health_pb2_grpc.add_HealthServicer_to_server(healths, server)
    server.add_insecure_port(f"{host}:{port}")
    await healths.set("", HealthCheckResponse.NOT_SERVING)
    await server.start()
    looking = asyncio.create_task(keep_telling(healths, plan))
    await told_to_stop()
    looking.cancel()
    await healths.enter_graceful_shutdown()
    await server.stop(GRACE_S)
    await engine.dispose()


async def keep_telling(healths: health.aio.HealthServicer, plan: SeatingPlan) -> None:
    """Say that this service is ready while its database answers."""
    while True:
        status = HealthCheckResponse.NOT_SERVING
        with suppress(Exception):
            async with asyncio.timeout(READY_WITHIN_S):
                await plan.answers()
            status = HealthCheckResponse.SERVING
        await healths.set("", status)
        await asyncio.sleep(LOOK_EVERY_S)


async def told_to_stop() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    options = parser.parse_args()
    logs.configure("inventory")
    asyncio.run(serve(options.host, options.port))
