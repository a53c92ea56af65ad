"""Faults that can be injected into a shop. One fault, one file; each registers itself by being a subclass.

A fault says in its docstring what it does to a link, and has its units in its field names. The proxy of the link
asks it two questions about every piece of data that passes: for how long is it late, and is it held?
"""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from enum import Enum
from typing import Any, ClassVar

from breakwater.errors import BadInput, did_you_mean


class Direction(Enum):
    """Which way data flows on a link."""

    REQUEST = "from caller to callee"
    ANSWER = "from callee to caller"


@dataclass(frozen=True)
class Fault:
    """A fault on the link from `caller` to `callee`, both names of services in the shop's description."""

    caller: str
    callee: str

    kind: ClassVar[str] = ""
    """The name by which it is known: `latency`, `hang`."""

    def __init_subclass__(cls) -> None:
        cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
        _registry[cls.kind] = cls

    def late_s(self, direction: Direction) -> float:
        """Seconds by which data going that way arrives later."""
        return 0.0

    def holds(self, direction: Direction) -> bool:
        """Whether data going that way is kept back until the fault heals."""
        return False

    def to_json(self) -> dict[str, Any]:
        return {"fault": self.kind, **asdict(self)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Fault":
        """The inverse of `to_json`. Raises BadInput for an unknown fault or field."""
        values = dict(data)
        kind = find(str(values.pop("fault", "")))
        unknown = set(values) - {field.name for field in fields(kind)}
        if unknown:
            raise BadInput(f"The fault `{kind.kind}` has no field `{min(unknown)}`.")
        missing = {field.name for field in fields(kind) if field.default is MISSING} - set(values)
        if missing:
            raise BadInput(f"The fault `{kind.kind}` needs `{min(missing)}`.")
        return kind(**values)


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
