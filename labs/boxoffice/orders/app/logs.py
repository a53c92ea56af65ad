"""Logs: one JSON object a line on stdout, each with the id of the request that it belongs to.

The id arrives in X-Request-ID or is made here; it is returned to the caller, and passed on in every call that
this service makes, so that one `grep` follows a buyer through the whole shop.
"""

import json
import logging
import re
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"
PROBES = {"/healthz", "/readyz"}
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
    """Send every record of this process to stdout as JSON, uvicorn's too, and no access log beside ours."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"
    logging.getLogger("httpx").setLevel(logging.WARNING)


class RequestLog:
    """ASGI middleware: give the request its id, and log one line when its answer is complete."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get(HEADER, "")
        request_id.set(given if re.fullmatch(r"[A-Za-z0-9_.:-]{1,100}", given) else uuid4().hex)
        start, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id.get()
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            if scope["path"] not in PROBES:
                fields = {"status": status or None, "seconds": round(time.perf_counter() - start, 4)}
                log.info("%s %s", scope["method"], scope["path"], extra={"fields": fields})


async def pass_on(request: httpx.Request) -> None:
    """httpx event hook: let the request that goes out carry the id of the one that came in."""
    request.headers[HEADER] = request_id.get()
