"""Speaks gRPC, with texts as messages: greets, and refuses who has no name."""

import argparse
import asyncio

import grpc
from grpc_health.v1 import health, health_pb2_grpc


async def greet(name: bytes, context: grpc.aio.ServicerContext) -> bytes:
    if not name:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "nobody is not greeted")
    return b"hello " + name


async def serve(host: str, port: int) -> None:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    methods = {"Greet": grpc.unary_unary_rpc_method_handler(greet)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("stub.Teller", methods),))
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    server.add_insecure_port(f"{host}:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    asyncio.run(serve(**vars(parser.parse_args())))
