"""What pytest collected, as checks: ids, sentences, points, order."""

import inspect
import random
from collections.abc import Collection, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths
from breakwater.checks.job import Planned
from breakwater.toml import shown


def check_id(item: pytest.Item) -> str:
    """The id given by `@pytest.mark.check("…")`, else the function's name in kebab-case."""
    mark = item.get_closest_marker("check")
    return str(mark.args[0]) if mark and mark.args else item.name.removeprefix("test_").replace("_", "-")


def needs(item: pytest.Item) -> tuple[str, ...]:
    """The ids of the checks that must have passed before this one says anything."""
    mark = item.get_closest_marker("check")
    named = mark.kwargs.get("needs", ()) if mark else ()
    return (named,) if isinstance(named, str) else tuple(named)


def limit_s(item: pytest.Item, default_s: float) -> float:
    mark = item.get_closest_marker("check")
    return float(mark.kwargs.get("limit_s", default_s)) if mark else default_s


def takes_s(item: pytest.Item) -> float:
    """About how long the check takes; 0 where it says nothing. The long ones begin, so that none is left at the end."""
    mark = item.get_closest_marker("check")
    return float(mark.kwargs.get("takes_s", 0.0)) if mark else 0.0


def looks_at(item: pytest.Item) -> str:
    """The one folder of the shop that the check looks at; empty where it looks at the services."""
    mark = item.get_closest_marker("check")
    return str(mark.kwargs.get("looks_at", "")) if mark else ""


def touched(items: Mapping[str, pytest.Item], edited: Collection[str]) -> dict[str, pytest.Item]:
    """The checks that files in these folders of the shop can change; all, where no folder is named."""
    services = set(edited) - {looks_at(item) for item in items.values()}

    def is_touched(item: pytest.Item) -> bool:
        return looks_at(item) in edited if looks_at(item) else bool(services)

    return {name: item for name, item in items.items() if not edited or is_touched(item)}


def planned(item: pytest.Item) -> Planned:
    """What a check says about itself before it runs."""
    mark = item.get_closest_marker("points")
    points = float(mark.args[0]) if mark and mark.args else 0.0
    outcome = str(mark.kwargs.get("outcome", "")) if mark else ""
    return Planned(check_id(item), _sentence(item), points, outcome, is_hidden(item))


def is_hidden(item: pytest.Item) -> bool:
    return item.path.is_relative_to(paths.SOLUTIONS)


def in_random_order(
    items: Mapping[str, pytest.Item], seed: str, first: Collection[str] = ()
) -> list[list[pytest.Item]]:
    """The items in an order drawn from `seed`, those that need one another together, each after those that it needs.

    Groups with one that is named `first` come first, then those that say that they take long, longest first.
    """
    waiting = list(items)
    random.Random(f"{seed}/order").shuffle(waiting)
    groups: list[list[str]] = []
    while waiting:
        ready = [name for name in waiting if not (set(needs(items[name])) & set(waiting) - {name})]
        name = (ready or waiting)[0]
        waiting.remove(name)
        needed = [group for group in groups if set(group) & set(needs(items[name]))]
        groups = [group for group in groups if group not in needed]
        groups.append([*chain.from_iterable(needed), name])
    drawn = [[items[name] for name in group] for group in groups]
    return sorted(drawn, key=lambda group: (not set(map(check_id, group)) & set(first), -sum(map(takes_s, group))))


def broken_file(path: Path, error: BaseException) -> str:
    """Why a file of checks cannot be used, in one line."""
    cause = error.__cause__ or error
    if isinstance(cause, SyntaxError):
        return f"{shown(path)}, line {cause.lineno}: {cause.msg}. Mend it, or restore the file from the course."
    first = str(cause).strip().partition("\n")[0]
    return f"{shown(path)} cannot be read as checks: {type(cause).__name__}: {first}"


def _sentence(item: Any) -> str:
    paragraph = (inspect.getdoc(item.obj) or "").partition("\n\n")[0]
    return " ".join(paragraph.split()) or f"{check_id(item)}."
