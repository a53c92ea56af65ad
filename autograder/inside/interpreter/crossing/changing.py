"""Values that cross as plain data, and that whoever they are handed to may change in place, as their owner sees."""

import sys
from typing import Any

BUILTIN = (list, dict, set, bytearray)
LIBRARIES = ("numpy.ndarray", "pandas.DataFrame", "pandas.Series")


def is_changing(value: Any) -> bool:
    """Whether it is one of these, and nothing derived from one."""
    kind = type(value)
    return kind in BUILTIN or kind in map(_kind, LIBRARIES)


def changed(args: list[Any], named: dict[str, Any]) -> dict[Any, Any]:
    """What the arguments of a call are after it, by place or name: of those that can have changed."""
    return {place: arg for place, arg in (*enumerate(args), *named.items()) if is_changing(arg)}


def become(mine: Any, now: Any) -> None:
    """Let a value hold what another one of its kind holds."""
    if isinstance(mine, list | bytearray):
        mine[:] = now
    elif isinstance(mine, dict | set):
        mine.clear()
        mine.update(now)
    elif type(mine) is _kind("numpy.ndarray"):
        mine[...] = now
    else:
        mine.__init__(now)


def _kind(name: str) -> Any:
    """A class of a library, if that is loaded; whoever made a value has loaded it."""
    library, _, kind = name.partition(".")
    return getattr(sys.modules.get(library), kind, None)
