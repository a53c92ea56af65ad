"""Logs: one JSON object a line on stdout, each with the id of the request that it belongs to.

The id arrives in the metadata x-request-id or is made here, so that one `grep` follows a buyer through all services.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc

HEADER = "x-request-id"
PROBES = "/grpc.health.v1.Health/"
request_id: ContextVar[str] = ContextVar("request_id", default="")
log = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self.service,
            "request_id": request_id.get(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(service: str) -> None:
    """Send every record of this process to stdout as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


class RequestLog(grpc.aio.ServerInterceptor):
    """Give each call the id of its request, and log one line when its answer is complete."""

    async def intercept_service(
        self, continuation: Callable[..., Awaitable[grpc.RpcMethodHandler]], details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler:
        handler = await continuation(details)
        if handler is None or handler.unary_unary is None or details.method.startswith(PROBES):
            return handler

        async def logged(request: Any, context: grpc.aio.ServicerContext) -> Any:
            given = str(dict(details.invocation_metadata).get(HEADER, ""))
            request_id.set(given if re.fullmatch(r"[A-Za-z0-9_.:-]{1,100}", given) else uuid4().hex)
            start = time.perf_counter()
            try:
                return await handler.unary_unary(request, context)
            finally:
                fields = {"status": _status(context), "seconds": round(time.perf_counter() - start, 4)}
                log.info("%s", details.method, extra={"fields": fields})

        return grpc.unary_unary_rpc_method_handler(logged, handler.request_deserializer, handler.response_serializer)


def _status(context: grpc.aio.ServicerContext) -> str:
    """The name of the call's outcome; one that failed by an error of ours has none yet."""
    if isinstance(sys.exception(), grpc.aio.AbortError) or sys.exception() is None:
        return context.code().name if context.code() else "OK"
    return "UNKNOWN"
