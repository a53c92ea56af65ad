"""Strict reading of TOML files: a mistake ends in one line that names file, line and remedy.

A model (a `Table`) says which keys there are. An unknown key is an error, and so is text where a number is
meant: a misspelt key that is silently ignored costs its author an afternoon.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, RootModel, Strict, ValidationError
from pydantic_core import ErrorDetails

from breakwater import paths
from breakwater.errors import BadInput, did_you_mean

Where = tuple[str | int, ...]
Texts = Annotated[tuple[str, ...], Strict(False)]
T = TypeVar("T", bound=BaseModel)

MEANT = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "date_type": "a date",
    "datetime_type": "a date with a time",
}


class Table(BaseModel):
    """One TOML table: only the keys that are declared, only the types that are declared, and frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def read(file: Path, model: type[T]) -> T:
    """Return the contents of `file` as `model`.

    Raises:
        BadInput: the file is absent, is not TOML, or does not fit the model; one line with file and line.
    """
    text = _text(file)
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{shown(file)}{_not_toml(str(error), text)}") from None
    except ValidationError as error:
        raise BadInput(_explain(file, text, model, error)) from None


def shown(file: Path) -> str:
    """The file's path as a person knows it: from the course's folder on, where it is inside."""
    return str(file.relative_to(paths.ROOT)) if file.is_relative_to(paths.ROOT) else str(file)


def line_of(text: str, where: Where) -> int | None:
    """The line (from 1) on which the value at `where` begins, e.g. `("modules", 2, "hours")`; None if absent.

    Lines are added until the text holds the value. What was parsed last without it ends on the line before.
    """
    lines = text.splitlines()
    last_parsed = 0
    for count in range(1, len(lines) + 1):
        try:
            data = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(data, where):
            return last_parsed + 1
        last_parsed = count
    return None


def _holds(data: Any, where: Where) -> bool:
    for key in where:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"{shown(file)} does not exist.") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{shown(file)} is not UTF-8 text (byte {error.start}).") from None
    except OSError as error:
        raise BadInput(f"{shown(file)} cannot be read: {error.strerror}.") from None


def _not_toml(message: str, text: str) -> str:
    found = re.fullmatch(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)", message, re.DOTALL)
    what = found["what"] if found else message
    line = (found["line"] if found else None) or len(text.splitlines()) or 1
    return f", line {line}: not TOML: {what[:1].lower()}{what[1:]}."


def _explain(file: Path, text: str, model: type[BaseModel], error: ValidationError) -> str:
    """The error to mend first, in one line. A misspelt key is both unknown and missing: say that it is unknown."""
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda e: e["type"] != "extra_forbidden")
    where = tuple(first["loc"])
    line = next((line for place in (where, where[:-1]) if place and (line := line_of(text, place))), None)
    more = f" ({len(errors) - 1} more after it.)" if len(errors) > 1 and first["type"] != "extra_forbidden" else ""
    return f"{shown(file)}{f', line {line}' if line else ''}: {_say(model, first, where)}{more}"


def _say(model: type[BaseModel], error: ErrorDetails, where: Where) -> str:
    kind, name = error["type"], _name(where)
    if kind == "extra_forbidden":
        known = _known_keys(model, where[:-1])
        return f"unknown key {name}.{did_you_mean(str(where[-1]), known) or ' Known: ' + ', '.join(known) + '.'}"
    if kind == "missing":
        return f"key {name} is missing."
    if kind in MEANT:
        return f"{name} must be {MEANT[kind]}, not {_shown_value(error['input'])}."
    said = error["msg"].removeprefix("Value error, ")
    return f"{name}: {said}." if where else f"{said}."


def _name(where: Where) -> str:
    if where and isinstance(where[-1], int):
        return f"item {where[-1] + 1} of {_name(where[:-1])}"
    return f"`{where[-1]}`" if where else ""


def _shown_value(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _known_keys(model: type[BaseModel], where: Where) -> list[str]:
    models: Sequence[type[BaseModel]] = [model]
    for key in where:
        if isinstance(key, str):
            models = [found for m in models if (field := _field(m, key)) for found in _models_in(field)]
    return [key for m in models for key in m.model_fields]


def _field(model: type[BaseModel], key: str) -> Any:
    """What is below a key: of a file that is a table of tables, whatever the key is called."""
    return model.model_fields.get("root" if issubclass(model, RootModel) else key)


def _models_in(field: Any) -> Iterator[type[BaseModel]]:
    todo = [field.annotation]
    while todo:
        kind = todo.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield kind
        todo.extend(get_args(kind))
