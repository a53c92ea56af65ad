"""Plain data as JSON, and back. What is no plain data is handed to `refer`, which says how the other side reaches it.

Only the kinds below cross by value. One of a class derived from a builtin crosses as what it is to the builtin: an
`int` that claims to equal everything arrives as its number.
"""

import base64
import keyword
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cache
from sys import modules
from types import MappingProxyType
from typing import Any
from uuid import UUID

from . import frames
from .frames import ARRAYS, KIND

DEEPEST = 100
SHORT_BITS = 1000  # a longer number goes as hexadecimal digits: to decimal ones it would take for ever


class CannotCross(Exception):
    """What was sent is no plain data, or more of it than crosses."""


def encode(value: Any, refer: Callable[[Any], dict[str, Any]], depth: int = 0) -> Any:
    """The value as JSON takes it. Raises CannotCross where it is nested too deeply, as one that holds itself is."""
    if depth > DEEPEST:
        raise CannotCross(f"a value is nested more than {DEEPEST} deep")

    def inner(part: Any) -> Any:
        return encode(part, refer, depth + 1)

    kind = type(value)
    if value is None or kind in (bool, str, float):
        return value
    if kind is int:
        return value if value.bit_length() <= SHORT_BITS else {KIND: "int", "hex": hex(value)}
    if kind is list:
        return [inner(part) for part in value]
    if kind in _ENCODE:
        return {KIND: kind.__name__, **_ENCODE[kind](value, inner)}
    if found := _array(value, inner) or frames.encode(value, inner):
        return found
    if issubclass(kind, tuple) and (names := _field_names(kind)):
        return {
            KIND: "named",
            "name": kind.__name__,
            "fields": names,
            "items": [inner(p) for p in tuple.__iter__(value)],
        }
    base = next((each for each in _BASES if issubclass(kind, each)), None)
    return refer(value) if base is None else inner(_BASES[base](value))


def decode(data: Any, referred: Callable[[dict[str, Any]], Any]) -> Any:
    """What `encode` was given, of builtin kinds. Raises CannotCross for what it would not have made."""
    if data is None or type(data) in (bool, str, float, int):
        return data

    def inner(part: Any) -> Any:
        return decode(part, referred)

    if type(data) is list:
        return [inner(part) for part in data]
    if type(data) is not dict:
        raise CannotCross("no value begins so")
    kind = data.get(KIND)
    if type(kind) is not str or kind not in _DECODE:
        return referred(data)
    try:
        return _DECODE[kind](data, inner)
    except CannotCross:
        raise
    except Exception as error:
        raise CannotCross(f"what came is no {kind}") from error


def _pairs(value: Any, inner: Any) -> dict[str, Any]:
    return {"pairs": [[inner(key), inner(part)] for key, part in dict.items(value)]}


def _items(value: Any, inner: Any) -> dict[str, Any]:
    return {"items": [inner(part) for part in value]}


def _text(value: Any, inner: Any) -> dict[str, Any]:
    return {"text": str(value)}


def _iso(value: Any, inner: Any) -> dict[str, Any]:
    return {"text": value.isoformat(), "fold": getattr(value, "fold", 0)}


def _bytes(value: Any, inner: Any) -> dict[str, Any]:
    return {"base64": base64.b64encode(value).decode()}


_ENCODE: dict[type, Callable[[Any, Any], dict[str, Any]]] = {
    tuple: _items,
    set: _items,
    frozenset: _items,
    dict: _pairs,
    OrderedDict: _pairs,
    Counter: _pairs,
    deque: lambda value, inner: _items(value, inner) | {"most": value.maxlen},
    type({}.keys()): _items,
    type({}.values()): _items,
    type({}.items()): _items,
    MappingProxyType: lambda value, inner: _pairs(dict(value), inner),
    bytes: _bytes,
    bytearray: _bytes,
    complex: lambda value, inner: {"real": value.real, "imag": value.imag},
    range: lambda value, inner: {"of": [inner(value.start), inner(value.stop), inner(value.step)]},
    Decimal: _text,
    Fraction: _text,
    UUID: _text,
    date: _iso,
    time: _iso,
    datetime: _iso,
    timedelta: lambda value, inner: {"of": [value.days, value.seconds, value.microseconds]},
    timezone: lambda value, inner: {"offset": inner(value.utcoffset(None))},
}

# What is derived from one of these crosses as such a one, made by the builtin's own reading of it.
_BASES: dict[type, Callable[[Any], Any]] = {
    bool: bool,
    int: int.__index__,
    float: float.__float__,
    complex: complex.__complex__,
    str: str.__str__,
    bytes: lambda value: bytes.__add__(b"", value),
    bytearray: lambda value: bytearray(bytearray.__iter__(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    list: lambda value: list(list.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
    Counter: lambda value: Counter(dict(dict.items(value))),
    OrderedDict: lambda value: OrderedDict(OrderedDict.items(value)),
    defaultdict: lambda value: dict(dict.items(value)),
    dict: lambda value: dict(dict.items(value)),
    deque: lambda value: deque(deque.__iter__(value), value.maxlen),
}


@cache
def _named_tuple(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name, fields)


def _named(name: str, fields: tuple[str, ...], items: list[Any]) -> Any:
    if any(keyword.iskeyword(word) for word in (name, *fields)):
        raise CannotCross(f"{name} is no name of a tuple")
    return _named_tuple(name, fields)(*items)


_DECODE: dict[Any, Callable[[dict[str, Any], Any], Any]] = {
    "int": lambda data, inner: int(data["hex"], 16),
    "tuple": lambda data, inner: tuple(inner(part) for part in data["items"]),
    "set": lambda data, inner: {inner(part) for part in data["items"]},
    "frozenset": lambda data, inner: frozenset(inner(part) for part in data["items"]),
    "dict": lambda data, inner: {inner(key): inner(part) for key, part in data["pairs"]},
    "OrderedDict": lambda data, inner: OrderedDict((inner(key), inner(part)) for key, part in data["pairs"]),
    "Counter": lambda data, inner: Counter({inner(key): inner(part) for key, part in data["pairs"]}),
    "deque": lambda data, inner: deque((inner(part) for part in data["items"]), data["most"]),
    "dict_keys": lambda data, inner: dict.fromkeys(map(inner, data["items"])).keys(),
    "dict_values": lambda data, inner: dict(enumerate(map(inner, data["items"]))).values(),
    "dict_items": lambda data, inner: dict(map(inner, data["items"])).items(),
    "mappingproxy": lambda data, inner: MappingProxyType({inner(key): inner(part) for key, part in data["pairs"]}),
    "bytes": lambda data, inner: base64.b64decode(data["base64"], validate=True),
    "bytearray": lambda data, inner: bytearray(base64.b64decode(data["base64"], validate=True)),
    "complex": lambda data, inner: complex(data["real"], data["imag"]),
    "range": lambda data, inner: range(*map(inner, data["of"])),
    "Decimal": lambda data, inner: Decimal(data["text"]),
    "Fraction": lambda data, inner: Fraction(data["text"]),
    "UUID": lambda data, inner: UUID(data["text"]),
    "date": lambda data, inner: date.fromisoformat(data["text"]),
    "time": lambda data, inner: time.fromisoformat(data["text"]).replace(fold=data["fold"]),
    "datetime": lambda data, inner: datetime.fromisoformat(data["text"]).replace(fold=data["fold"]),
    "timedelta": lambda data, inner: timedelta(*data["of"]),
    "timezone": lambda data, inner: timezone(inner(data["offset"])),
    "named": lambda data, inner: _named(data["name"], tuple(data["fields"]), [inner(part) for part in data["items"]]),
    "array": lambda data, inner: _as_array(data),
    "objects": lambda data, inner: _as_objects([inner(part) for part in data["items"]]),
    "scalar": lambda data, inner: _as_array(data).reshape(-1)[0],
    **frames.DECODE,
}


def _field_names(kind: type) -> list[str]:
    """The fields of a named tuple; none where the class is no plain one."""
    names = kind.__dict__.get("_fields", ())
    if kind.__bases__ != (tuple,) or not isinstance(names, tuple):
        return []
    return [name for name in names if isinstance(name, str) and name.isidentifier() and name[0] != "_"]


def _array(value: Any, inner: Any) -> dict[str, Any] | None:
    """One of NumPy's values, by its buffer, if it is one; whoever made one has loaded the library."""
    if (numpy := modules.get("numpy")) is None:
        return None
    kind = type(value)
    if issubclass(kind, numpy.ndarray | numpy.generic):
        plain = numpy.asarray(value)
        if plain.dtype.kind in ARRAYS:
            return _of_array("array" if issubclass(kind, numpy.ndarray) else "scalar", plain)
        return {KIND: "objects", "items": [inner(part) for part in plain]} if plain.ndim == 1 else None
    return None


def _of_array(kind: str, array: Any) -> dict[str, Any]:
    data = base64.b64encode(array.tobytes()).decode()
    return {KIND: kind, "dtype": array.dtype.str, "shape": list(array.shape), "base64": data}


def _as_array(data: dict[str, Any]) -> Any:
    import numpy

    dtype = numpy.dtype(str(data["dtype"]))
    if dtype.kind not in ARRAYS:
        raise CannotCross(f"an array of {dtype} is no plain data")
    return numpy.frombuffer(base64.b64decode(data["base64"], validate=True), dtype).reshape(data["shape"]).copy()


def _as_objects(items: list[Any]) -> Any:
    import numpy

    array = numpy.empty(len(items), dtype=object)
    array[:] = items
    return array
