"""The reference of faults, from their registry."""

import inspect
import json
import re
from dataclasses import MISSING, Field
from typing import Any, get_args, get_type_hints

from breakwater.dev.pages import NOTE, table
from breakwater.faults import Fault, ServiceFault, known

PATH = "reference/faults.md"
LINK, SERVICE = ("orders", "payments"), ("payments",)
UNITS = {"_s": "seconds", "_bytes": "bytes", "_per_s": "a second", "_share": "a share, 0 to 1"}
PLAIN = {int: "a whole number", float: "a number", str: "text"}

INTRO = f"""\
# Faults

{NOTE.format(source="breakwater/faults/")}

A fault hits a *link*, that is a caller and a callee of the shop, or a *service*. On a link it is done by the proxy
through which the caller reaches the callee, byte by byte and without regard to what the bytes mean, so that it is the
same for every protocol and under every engine. A *message* is what one side says until the other speaks: over
HTTP/1.1 a request, or an answer.

A fault is a *lease*. It begins when somebody asks for it, and heals when that somebody ends it or dies: a test that
was interrupted leaves no broken shop behind. Several can last at once; their delays add up. A second lease of the
same fault of a service lasts until the last one has ended.

In a check a fault is an asynchronous context of the fixture `faults`, with `at_least_s` for how many seconds it lasts
at least. In a notebook it is made by `shop.faults`, and given to a sale or a load with the seconds from when until
when. On the command line it is one word: its name, its link or service and its values, then `@` and these seconds.
"""


def text() -> str:
    """The whole page."""
    kinds = sorted(known().values(), key=lambda kind: (issubclass(kind, ServiceFault), kind.verb))
    overview = table(
        ("fault", "hits", "in one sentence"),
        [(f"[`{kind.verb}`](#{_anchor(kind)})", _hits(kind), _paragraphs(kind)[0]) for kind in kinds],
    )
    return "\n".join([INTRO, overview, "", *(_section(kind) for kind in kinds)])


def _section(kind: type[Fault]) -> str:
    rows = [(f"`{field.name}`", _meaning(kind, field), _default(field)) for field in kind.told()]
    parts = [
        f"## {_anchor(kind)}",
        *_paragraphs(kind),
        table(("field", "value", "default"), rows),
        f"In a check:\n\n```python\n{_in_a_check(kind)}\n```",
        f"In a notebook:\n\n```python\n{_in_a_notebook(kind)}\n```",
        f"On the command line:\n\n```console\n{_in_a_command(kind)}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _in_a_check(kind: type[Fault]) -> str:
    return f"async with faults.{kind.verb}({_arguments(kind)}):\n    answers = await shop.buyers({{}}, {{}})"


def _in_a_notebook(kind: type[Fault]) -> str:
    weather = f"shop.faults.{kind.verb}({_arguments(kind)})"
    return f"shop.sale(buyers=40, over_s=10, weather={weather}, during=(3, 7))"


def _in_a_command(kind: type[Fault]) -> str:
    where = SERVICE if issubclass(kind, ServiceFault) else LINK
    values = [f"{value:g}s" if name.endswith("_s") else str(value) for name, value in kind.example.items()]
    return f"$ course load 09 --rate 20 --fault {':'.join([kind.verb, *where, *values])}@5-12"


def _arguments(kind: type[Fault]) -> str:
    where = SERVICE if issubclass(kind, ServiceFault) else LINK
    values = [f"{name}={json.dumps(value)}" for name, value in kind.example.items()]
    return ", ".join([*(f'"{name}"' for name in where), *values])


def _anchor(kind: type[Fault]) -> str:
    return kind.verb.replace("_", "-")


def _hits(kind: type[Fault]) -> str:
    return "a service" if issubclass(kind, ServiceFault) else "a link"


def _paragraphs(kind: type[Fault]) -> list[str]:
    return re.split(r"\n\s*\n", inspect.cleandoc(kind.__doc__ or ""))


def _meaning(kind: type[Fault], field: "Field[Any]") -> str:
    """What a field takes, from its name's unit or its type."""
    if field.name in ("caller", "callee", "service"):
        return "a service of the shop"
    unit = next((unit for suffix, unit in UNITS.items() if field.name.endswith(suffix)), "")
    hint = get_type_hints(kind)[field.name]
    choices = [json.dumps(choice) for choice in get_args(hint) if isinstance(choice, str)]
    kinds = [PLAIN[each] for each in (hint, *get_args(hint)) if each in PLAIN]
    return unit or " or ".join(f"`{choice}`" for choice in choices) or kinds[0]


def _default(field: "Field[Any]") -> str:
    if field.default is MISSING:
        return "must be given"
    return "none" if field.default is None else f"`{json.dumps(field.default)}`"
