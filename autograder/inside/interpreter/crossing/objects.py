"""What stands for an object of the other side, and what is done with one of ours when the other side asks."""

import asyncio
import builtins
import inspect
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .channel import Message
    from .line import Line

MUTABLE = (list, dict, set, bytearray)  # what a function may change in place, as its caller sees


class NotPlain(AssertionError):
    """An object of the other side stands where a plain value was expected."""


def _call(thing: Any, args: list[Any], named: dict[str, Any]) -> Any:
    """Call; the result, and what those arguments have become that can be changed in place."""
    result = thing(*args, **named)
    return result, [arg if type(arg) in MUTABLE else None for arg in args]


def _next(thing: Any) -> list[Any]:
    """The next of an iterator, as a list; an empty one at its end."""
    try:
        return [next(thing)]
    except StopIteration:
        return []


def _with_other(do: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda thing, other: do(thing, other)


SIGNS = ("eq", "lt", "le", "gt", "ge", "add", "sub", "mul", "truediv", "matmul")
DOING: dict[str, Callable[..., Any]] = {
    "call": _call,
    "attribute": lambda thing, name: getattr(thing, name),
    "set": lambda thing, name, value: setattr(thing, name, value),
    "iterate": iter,
    "next": _next,
    "length": len,
    "item": lambda thing, key: thing[key],
    "set item": lambda thing, key, value: operator.setitem(thing, key, value),
    "contains": lambda thing, value: value in thing,
    "text": str,
    "repr": repr,
    "truth": bool,
    "enter": lambda thing: type(thing).__enter__(thing),
    "exit": lambda thing, error: type(thing).__exit__(thing, error and type(error), error, None),
    "is instance": lambda thing, value: isinstance(value, thing),
    "is subclass": lambda thing, value: issubclass(value, thing),
    **{sign: _with_other(getattr(operator, sign)) for sign in SIGNS},
}


def describe(thing: Any) -> "Message":
    """What stands for an object has to know of it: the name of its class (or its own, of a class), and its kind."""
    if isinstance(thing, type):
        base = builtin_error(thing)
        return _told(thing.__name__, "error") | {"base": base.__name__} if base else _told(thing.__name__, "class")
    if inspect.iscoroutine(thing):
        return _told("coroutine", "coroutine")
    if inspect.iscoroutinefunction(thing):
        return _told(thing.__name__, "async function")
    if inspect.isroutine(thing):
        return _told(thing.__name__, "function")
    kind = "iterator" if hasattr(type(thing), "__next__") else "callable" if callable(thing) else "object"
    return _told(type(thing).__name__, kind)


def _told(name: str, kind: str) -> "Message":
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


def stand_in(line: "Line", told: "Message") -> Any:
    """What stands for an object of the other side that `describe` told of."""
    name, kind = str(told.get("name")), told.get("kind")
    if kind == "error":
        return type(name, (named_error(str(told.get("base"))),), {})
    if kind == "coroutine":
        return line.wait_for(told["number"])
    made: Remote = KINDS.get(str(kind), Remote)(line, told["number"], name)
    return _asynchronous(made) if kind == "async function" else made


def _asynchronous(function: Any) -> Any:
    """The same as what it is where it comes from: a function whose call gives a coroutine."""

    async def remote(*args: Any, **named: Any) -> Any:
        return await function(*args, **named)

    remote.__name__ = remote.__qualname__ = function.__name__
    return remote


class Remote:
    """An object of the other side. What is asked of it is done there."""

    def __init__(self, line: "Line", number: int, name: str) -> None:
        vars(self).update(_line=line, _number=number, _class=name)

    def _ask(self, what: str, **details: Any) -> Any:
        return self._line.ask(what, self._number, **details)

    def _is_so(self, what: str, **details: Any) -> bool:
        return self._ask(what, **details) is True

    def _said(self, how: str) -> str:
        try:
            said = self._ask(how)
        except AttributeError:  # that is not for us to know
            said = None
        return said if type(said) is str else f"<{self._class}>"

    def _with(self, sign: str, other: object) -> Any:
        """What an operator makes of this and something else: only of another object of the same side."""
        if isinstance(other, Remote):
            return self._ask(sign, other=other)
        if self._line.is_strict:
            raise NotPlain(f"this is a `{self._class}`, and no `{type(other).__name__}`")
        return NotImplemented

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._ask("attribute", name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", name=name, value=value)

    def __repr__(self) -> str:
        return self._said("repr")

    def __str__(self) -> str:
        return self._said("text")

    def __hash__(self) -> int:
        return hash(self._number)

    def __bool__(self) -> bool:
        return self._is_so("truth")

    def __eq__(self, other: object) -> Any:
        return True if self is other else self._with("eq", other)

    def __ne__(self, other: object) -> Any:
        equal = self == other
        return equal if equal is NotImplemented else not equal

    def __len__(self) -> int:
        return int(self._ask("length"))

    def __getitem__(self, key: Any) -> Any:
        return self._ask("item", key=key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("set item", key=key, value=value)

    def __contains__(self, value: Any) -> bool:
        return self._is_so("contains", value=value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._ask("iterate"))

    def __enter__(self) -> Any:
        return self._ask("enter")

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return self._is_so("exit", error=error)

    def __await__(self) -> Any:
        return self._line.wait_for(self._number).__await__()


def _operator(sign: str) -> Callable[[Remote, object], Any]:
    return lambda remote, other: remote._with(sign, other)


for _sign in SIGNS[1:]:
    setattr(Remote, f"__{_sign}__", _operator(_sign))


class RemoteIterator(Remote):
    """An iterator of the other side, from which values are pulled one by one."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not (found := self._ask("next")):
            raise StopIteration
        return found[0]


class RemoteCallable(Remote):
    """An object of the other side that can be called."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        result, changed = self._ask("call", args=list(args), named=named)
        for arg, now in zip(args, changed, strict=True):
            if type(arg) in MUTABLE and type(now) is type(arg):
                _become(arg, now)
        return result


class RemoteFunction(RemoteCallable):
    """A function of the other side. It has a name, is true, and equals itself alone, as functions do."""

    def __init__(self, line: "Line", number: int, name: str) -> None:
        super().__init__(line, number, name)
        vars(self).update(__name__=name, __qualname__=name)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> Any:
        return self is other

    __hash__ = Remote.__hash__


class RemoteClass(RemoteFunction):
    """A class of the other side."""

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, Remote) and self._is_so("is instance", value=value)

    def __subclasscheck__(self, value: Any) -> bool:
        return isinstance(value, Remote) and self._is_so("is subclass", value=value)


KINDS: dict[str, type[Remote]] = {
    "class": RemoteClass,
    "iterator": RemoteIterator,
    "function": RemoteFunction,
    "async function": RemoteFunction,
    "callable": RemoteCallable,
}


def _become(mine: Any, now: Any) -> None:
    """Let a list, dict, set or bytearray hold what another one holds."""
    if isinstance(mine, list | bytearray):
        mine[:] = now
    else:
        mine.clear()
        mine.update(now)
