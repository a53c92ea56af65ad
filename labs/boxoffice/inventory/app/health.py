"""Ask a gRPC server whether it is ready: `python -m app.health 127.0.0.1:9000` ends with status 0 if it is."""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
sys.exit(answer.status != health_pb2.HealthCheckResponse.SERVING)
