"""Faults that can be injected into a shop. One fault, one file; each registers itself by being a subclass.

A fault says in its docstring what it does, and has its units in its field names. It hits a link (`LinkFault`), where
the proxy of the link asks it what becomes of the data that passes, or a service (`ServiceFault`), which the engine
is then asked to pause or to kill. Either is a lease: it heals when its holder ends it, or dies.
"""

import importlib
import pkgutil
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from enum import Enum
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from breakwater.errors import BadInput, did_you_mean


class Direction(Enum):
    """Which way data flows on a link."""

    REQUEST = "from caller to callee"
    ANSWER = "from callee to caller"


class Fate(Enum):
    """What becomes of a message on a link."""

    CARRIED = "it arrives"
    LOST = "it vanishes, and whatever follows it on the same connection"
    CUT = "the connection is reset in its stead"


@dataclass(frozen=True)
class Fault(ABC):
    """Anything that can be injected. `kind` is the name by which it is known: `latency`, `lose-answer`."""

    kind: ClassVar[str] = ""

    verb: ClassVar[str] = ""
    """What checks, notebooks and commands call it, where that is not `kind`: `slow` for `latency`."""

    example: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Values that show what it does, for the reference page."""

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        if not abstract:
            cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
            cls.verb = cls.__dict__.get("verb") or cls.kind.replace("-", "_")
            _registry[cls.kind] = cls

    @property
    @abstractmethod
    def began(self) -> str:
        """What is said of its beginning: `payments stands still`."""

    @property
    @abstractmethod
    def healed(self) -> str:
        """What is said of its end: `payments goes on`."""

    def to_json(self) -> dict[str, Any]:
        return {"fault": self.kind} | {field.name: getattr(self, field.name) for field in self.told()}

    @classmethod
    def told(cls) -> "tuple[Field[Any], ...]":
        """The fields by which a fault is told; what it keeps for itself while it lasts is none."""
        return tuple(field for field in fields(cls) if field.init)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Fault":
        """The inverse of `to_json`. Raises BadInput for an unknown fault or field."""
        values = dict(data)
        kind = find(str(values.pop("fault", "")))
        unknown = set(values) - {field.name for field in kind.told()}
        if unknown:
            raise BadInput(f"The fault `{kind.kind}` has no field `{min(unknown)}`.")
        missing = {field.name for field in kind.told() if field.default is MISSING} - set(values)
        if missing:
            raise BadInput(f"The fault `{kind.kind}` needs `{min(missing)}`.")
        return kind(**values)


@dataclass(frozen=True)
class LinkFault(Fault, abstract=True):
    """A fault on the link from `caller` to `callee`, both names of services in the shop's description.

    A *message* is what one side says until the other speaks: over HTTP/1.1 a request or an answer.
    """

    caller: str
    callee: str

    cuts_open: ClassVar[bool] = False
    """Whether the connections that are open when it begins are reset."""

    refuses: ClassVar[bool] = False
    """Whether nobody listens while it lasts."""

    def late_s(self, direction: Direction) -> float:
        """Seconds by which a message going that way arrives later; when the fault heals, at the latest. Asked once."""
        return 0.0

    def fate(self, direction: Direction) -> Fate:
        """What becomes of a message going that way. Asked once a message, when it begins to arrive."""
        return Fate.CARRIED

    def holds(self, direction: Direction) -> bool:
        """Whether data going that way is kept back until the fault heals."""
        return False


class Services(Protocol):
    """What a fault of a service asks of the engine's side; see `breakwater.engines.Engine` for what each does."""

    async def pause(self, name: str) -> None: ...
    async def resume(self, name: str) -> None: ...
    async def kill(self, name: str) -> None: ...
    async def restart(self, name: str) -> None: ...


@dataclass(frozen=True)
class ServiceFault(Fault, abstract=True):
    """A fault of the service called `service` in the shop's description."""

    service: str

    @abstractmethod
    async def begin(self, services: Services) -> None:
        """Do it. Raises BadInput for a service to which it cannot be done."""

    @abstractmethod
    async def heal(self, services: Services) -> None:
        """Undo it, and return when the service serves again. Raises ShopDidNotStart."""


_registry: dict[str, type[Fault]] = {}


def known() -> dict[str, type[Fault]]:
    """Every fault, by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_registry.items()))


def find(kind: str) -> type[Fault]:
    """Return the fault called `kind`; raises BadInput with the nearest name."""
    faults = known()
    if kind not in faults:
        guess = did_you_mean(kind, faults) or f" There are: {', '.join(faults)}."
        raise BadInput(f"There is no fault `{kind}`.{guess}")
    return faults[kind]


def hold_seconds(**given_s: float) -> None:
    """Raise BadInput unless each of these, by its name, is a number of seconds, zero or more."""
    for name, value in given_s.items():
        if not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
            raise BadInput(f"{name} is a number of seconds, zero or more, not {value}.")
