"""Runs inside Locust, beside a lab's locustfile: writes down every request, for the process that started Locust.

`import locust` patches its whole process (gevent), so nothing of the course's is imported here, and this file is
imported nowhere. One JSON object a line: `{"began_at": …}`, one a request, `{"busy": …}` where Locust found its own
processor too busy.
"""

import json
import os
import time
from contextlib import suppress
from typing import Any, TextIO
from urllib.parse import urlsplit

from locust import events

_lines: TextIO = open(os.environ["BREAKWATER_LOAD_LINES"], "a", buffering=1, encoding="utf-8")  # noqa: SIM115


def _write(**line: Any) -> None:
    _lines.write(json.dumps(line) + "\n")


def _began(environment: Any, **_: Any) -> None:
    _write(began_at=time.time())


def _ended(environment: Any, **_: Any) -> None:
    _write(busy=bool(environment.runner and environment.runner.cpu_warning_emitted))


def _asked(
    request_type: str,
    name: str,
    response_time: float,
    response: Any,
    exception: Any,
    start_time: float,
    url: str | None = None,
    **_: Any,
) -> None:
    line = {"name": name, "asked_at": start_time, "elapsed_s": response_time / 1000, "method": request_type}
    line["status"] = getattr(response, "status_code", 0) or None
    line["error"] = str(exception or "")
    request = getattr(response, "request", None)
    line["path"] = urlsplit(url or "").path
    line["asked"] = _json(getattr(request, "body", None) or getattr(request, "payload", None))
    line["request_id"] = (getattr(response, "headers", None) or {}).get("x-request-id", "")
    # Only what a buyer was told is judged; the rest, lists of seats above all, is long.
    line["headers"] = dict(getattr(response, "headers", None) or {}) if request_type == "POST" else {}
    line["body"] = _json(getattr(response, "content", None)) if request_type == "POST" else None
    _write(**line)


def _json(raw: Any) -> Any:
    with suppress(ValueError, TypeError):
        return json.loads(raw)
    return None


events.test_start.add_listener(_began)
events.test_stop.add_listener(_ended)
events.request.add_listener(_asked)
