"""What a module's record proves already. A heavy test of its content runs all its cases only where that has changed."""

import os
from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from breakwater.dev.content import Content
from breakwater.dev.record import is_current

T = TypeVar("T")


def unless_proven(cases: Iterable[T], module: str = "09") -> list[T]:
    """All cases; the first alone while the module's record is current. With BREAKWATER_FULL=1 always all."""
    given = list(cases)
    return given[:1] if is_proven(module) else given


@cache
def is_proven(module: str = "09") -> bool:
    """Whether the module's record is current, and nobody asked for everything."""
    return os.environ.get("BREAKWATER_FULL") != "1" and is_current(Content().find(module))
