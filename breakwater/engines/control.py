"""What a supervisor and its clients say to each other: JSON, one value a line, over a Unix socket.

A request is `{"op": NAME, …}`. Its answer is any number of `{"progress": …}`, then `{"done": …}` or `{"error": …}`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from breakwater.engines import Exchange, ServiceStatus
from breakwater.errors import BadInput, CourseError, EngineTrouble, ShopDidNotStart

SOCKET = "control.sock"
LOCK = "lock"
LOGS = "logs"
MAX_PATH = 100
"""A socket's path holds 107 bytes; the longest that we make must fit."""

_KINDS: dict[str, type[CourseError]] = {"BadInput": BadInput, "EngineTrouble": EngineTrouble}


def error_to_json(error: CourseError) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, ShopDidNotStart):
        data |= {"service": error.service, "last_lines": list(error.last_lines)}
    return data


def error_from_json(data: Mapping[str, Any]) -> CourseError:
    if data["kind"] == "ShopDidNotStart":
        return ShopDidNotStart(data["message"], service=data["service"], last_lines=tuple(data["last_lines"]))
    return _KINDS.get(data["kind"], EngineTrouble)(data["message"])


def status_to_json(status: ServiceStatus) -> dict[str, Any]:
    return asdict(status)


def exchange_to_json(exchange: Exchange) -> list[Any]:
    """A list, since there may be many: the fields in their order."""
    return [getattr(exchange, name) for name in exchange.__dataclass_fields__]


def hold_state_path(state: Path) -> None:
    """Raise BadInput if the sockets in `state` would have too long a path."""
    if len(str(state)) + len("/judge/provider/control.sock") > MAX_PATH:
        raise BadInput(f"The path {state} is too long for a socket: set BREAKWATER_STATE to a shorter folder.")
