"""The reference of `lab.toml`, from the model that reads it and the labs that there are."""

import inspect
from typing import Any

from breakwater import lab, paths, syllabus
from breakwater.dev.pages import NOTE, table
from breakwater.lab import Lab

PATH = "reference/lab-toml.md"
KINDS: dict[Any, str] = {str: "text", int: "a whole number, above 0", float: "a number"}

INTRO = f"""\
# lab.toml

{NOTE.format(source="breakwater/lab.py")}

A lab says what it is in `labs/NN-topic/lab.toml`. An unknown key is an error, with its line and the nearest known key;
so is text where a number is meant.
"""


def text() -> str:
    """The whole page."""
    rows = [(f"`{name}`", _kind(field.annotation), _default(field)) for name, field in Lab.model_fields.items()]
    about = " ".join(inspect.cleandoc(Lab.__doc__ or "").split("\n\n", 1)[1].split())
    return "\n\n".join([INTRO.strip(), table(("key", "value", "default"), rows), about, *_budgets()]) + "\n"


def _kind(annotation: Any) -> str:
    if annotation in KINDS:
        return KINDS[annotation]
    return "a table of numbers" if dict in (annotation, getattr(annotation, "__origin__", None)) else "a list of texts"


def _default(field: Any) -> str:
    if field.is_required():
        return "must be given"
    return "empty"


def _budgets() -> list[str]:
    """One table a lab: the bounds that its checks hold."""
    parts = []
    for module in syllabus.load().modules:
        if (paths.LABS / module.id / "lab.toml").is_file() and (card := lab.load(module.id)).budgets:
            rows = [(f"`{name}`", f"{value:g}") for name, value in card.budgets.items()]
            parts += [f"## Budgets of {module.id}", table(("budget", "bound"), rows)]
    return parts
