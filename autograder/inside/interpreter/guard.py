"""What a test that runs in the learner's process finds as it ought to be, whatever the learner's code made of it.

A hurdle, no wall: only a test that runs in a process of ours is safe from the code that it tests. Here run the few that
cannot, and those who wrote the solution decided so.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .shell import Shell

_ours: dict[tuple[str, str], Any] = {}


def remember() -> None:
    """Take what is there now, before anything of a learner's ran, for what ought to be there."""
    for module in [name for name in sys.modules if name.partition(".")[0] in sys.stdlib_module_names]:
        _ours["sys.modules", module] = sys.modules[module]
        for name, value in list(vars(sys.modules[module]).items()):
            if callable(value):
                _ours[module, name] = value


@contextmanager
def kept(ip: Shell) -> Iterator[None]:
    """While this lasts, the modules of the standard library, their functions and their classes are what they were, and
    no transformer touches code."""
    transformers = [ip.ast_transformers, ip.input_transformers_post]
    taken = [list(each) for each in transformers]
    for each in transformers:
        each.clear()
    replaced = {place: found for place, ours in _ours.items() if (found := _at(place)) is not ours}
    _put({place: _ours[place] for place in replaced})
    try:
        yield
    finally:
        _put(replaced)
        for each, theirs in zip(transformers, taken, strict=True):
            each[:] = theirs


def _names(module: str) -> dict[str, Any]:
    return sys.modules if module == "sys.modules" else vars(_ours["sys.modules", module])


def _at(place: tuple[str, str]) -> Any:
    return _names(place[0]).get(place[1])


def _put(values: dict[tuple[str, str], Any]) -> None:
    for (module, name), value in values.items():
        _names(module)[name] = value
