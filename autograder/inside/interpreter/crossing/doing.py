"""What is done with an object of ours when the other side asks, and what is told of it."""

import asyncio
import builtins
import inspect
import operator
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .changing import changed
from .channel import Message


@dataclass(frozen=True)
class Called:
    """What a call gave, and its arguments as they are afterwards: those that can be changed in place."""

    result: Any
    now: dict[Any, Any]


def _call(thing: Any, args: list[Any], named: dict[str, Any]) -> Any:
    return Called(thing(*args, **named), changed(args, named))


async def _call_later(thing: Any, args: list[Any], named: dict[str, Any]) -> Any:
    return Called(await thing(*args, **named), changed(args, named))


def _next(thing: Any) -> list[Any]:
    """The next of an iterator, as a list; an empty one at its end."""
    try:
        return [next(thing)]
    except StopIteration:
        return []


async def _awaited(thing: Any) -> Any:
    return await thing


def _with_other(do: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda thing, other: do(thing, other)


SIGNS = ("eq", "lt", "le", "gt", "ge", "add", "sub", "mul", "truediv", "matmul")
DOING: dict[str, Callable[..., Any]] = {
    "call": _call,
    "call later": _call_later,
    "attribute": lambda thing, name: getattr(thing, name),
    "set": lambda thing, name, value: setattr(thing, name, value),
    "iterate": iter,
    "next": _next,
    "iterate later": aiter,
    "next later": lambda thing: _awaited(anext(thing)),
    "length": len,
    "item": lambda thing, key: thing[key],
    "set item": lambda thing, key, value: operator.setitem(thing, key, value),
    "contains": lambda thing, value: value in thing,
    "text": str,
    "repr": repr,
    "truth": bool,
    "enter": lambda thing: type(thing).__enter__(thing),
    "enter later": lambda thing: type(thing).__aenter__(thing),
    "exit later": lambda thing, error: type(thing).__aexit__(thing, error and type(error), error, None),
    "exit": lambda thing, error: type(thing).__exit__(thing, error and type(error), error, None),
    "is instance": lambda thing, value: isinstance(value, thing),
    "is subclass": lambda thing, value: issubclass(value, thing),
    **{sign: _with_other(getattr(operator, sign)) for sign in SIGNS},
}


TOLD_BY = {"__next__": "iterator", "__anext__": "async iterator", "__call__": "callable"}


def describe(thing: Any) -> Message:
    """What stands for an object has to know of it: the name of its class (or its own, of a class), and its kind."""
    if isinstance(thing, type):
        base = builtin_error(thing)
        return _told(thing.__name__, "error") | {"base": base.__name__} if base else _told(thing.__name__, "class")
    if inspect.iscoroutine(thing):
        return _told("coroutine", "coroutine")
    if inspect.iscoroutinefunction(thing):
        return _told(thing.__name__, "async function")
    if isinstance(thing, ModuleType):
        return _told(thing.__name__, "module")
    if inspect.isroutine(thing):
        return _told(thing.__name__, "function")
    kind = next((kind for name, kind in TOLD_BY.items() if hasattr(type(thing), name)), "object")
    return _told(type(thing).__name__, kind)


def _told(name: str, kind: str) -> Message:
    return {"name": name, "kind": kind}


ERRORS = {
    name: kind for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)
}
ERRORS["CancelledError"] = asyncio.CancelledError


def builtin_error(kind: type) -> type[BaseException] | None:
    """The builtin class of errors that this one is, or is derived from; None if it is no class of errors."""
    if not issubclass(kind, BaseException):
        return None
    return next(base for base in kind.__mro__ if ERRORS.get(base.__name__) is base)


def named_error(name: str) -> type[BaseException]:
    """The builtin class of errors of this name; Exception if there is none."""
    return ERRORS.get(name, Exception)
