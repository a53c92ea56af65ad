"""What stands for an object of the other side."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .changing import become, is_changing
from .doing import SIGNS, named_error

if TYPE_CHECKING:
    from .channel import Message
    from .line import Line


class NotPlain(AssertionError):
    """An object of the other side stands where a plain value was expected."""


def stand_in(line: "Line", told: "Message") -> Any:
    """What stands for an object of the other side that `describe` told of."""
    name, kind = str(told.get("name")), told.get("kind")
    if kind == "error":
        return type(name, (named_error(str(told.get("base"))),), {})
    if kind == "coroutine":
        return line.wait_for(told["number"])
    made: Any = KINDS.get(str(kind), Remote)(line, told["number"], name)
    return _asynchronous(made) if kind == "async function" else made


def _asynchronous(function: "RemoteFunction") -> Any:
    """The same as what it is where it comes from: a function whose call gives a coroutine."""

    async def remote(*args: Any, **named: Any) -> Any:
        result, now = await function._ask("call later", args=list(args), named=named)
        _write_back(args, named, now)
        return result

    remote.__name__ = remote.__qualname__ = function.__name__
    return remote


def _write_back(args: tuple[Any, ...], named: dict[str, Any], now: list[Any]) -> None:
    """Let the arguments of a call be what it made of them over there: `now` has those that it changed."""
    places = dict([*enumerate(args), *named.items()])
    for place, theirs in now:
        if is_changing(mine := places.get(place)) and type(theirs) is type(mine):
            become(mine, theirs)


class Remote:
    """An object of the other side. What is asked of it is done there."""

    def __init__(self, line: "Line", number: int, name: str) -> None:
        vars(self).update(_line=line, _number=number, _class=name)

    def _ask(self, what: str, **details: Any) -> Any:
        try:
            return self._line.ask(what, self._number, **details)
        except StopIteration as error:  # which would end the loop that asks, as if all were well (PEP 479)
            raise RuntimeError(f"`{self._class}` raised StopIteration") from error

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

    async def __aenter__(self) -> Any:
        return await self._ask("enter later")

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return await self._ask("exit later", error=error) is True

    def __aiter__(self) -> Any:
        return self._ask("iterate later")

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


class RemoteAsyncIterator(Remote):
    """An iterator of the other side, each value of which is awaited."""

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        return await self._ask("next later")


class RemoteCallable(Remote):
    """An object of the other side that can be called."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        result, now = self._ask("call", args=list(args), named=named)
        _write_back(args, named, now)
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
    "async iterator": RemoteAsyncIterator,
    "function": RemoteFunction,
    "async function": RemoteFunction,
    "callable": RemoteCallable,
}
