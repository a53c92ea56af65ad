"""What is asked of the judge, and what passes between the judge's process and the one that asked."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class CheckJob:
    """Judge one shop by one module's checks.

    `module` is the id of the module; `shop` a folder with a whole shop. `hidden` adds the hidden checks; `select`
    keeps some checks by their ids; `seed` is the class seed, from which hidden checks draw; `isolate` runs the shop's
    services in sandboxes. A judge that `helps` takes turns with another one, which has told what there is to run and
    that the shop starts.

    For one who edits: `warm` is the state of a shop that is up, and stays so; `edited` keeps the checks that files in
    these folders of the shop can change; those that are named `first` run first. One who `hurries` wants each verdict
    as soon as it is certain.
    """

    module: str
    shop: Path
    engine: str = "embedded"
    hidden: bool = False
    select: tuple[str, ...] = ()
    seed: str = ""
    isolate: bool = False
    helps: bool = False
    warm: str = ""
    edited: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    hurries: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        data: dict[str, Any] = json.loads(text)
        lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
        return cls(**(data | lists | {"shop": Path(data["shop"])}))


@dataclass(frozen=True)
class Planned:
    """A check before it ran."""

    id: str
    sentence: str
    points: float
    outcome: str
    hidden: bool


STARTS = Planned("starts", "The shop starts.", 0, "", False)
