"""The reference of the command line, from Typer's own tree of commands."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import typer

from breakwater.cli import register_all
from breakwater.dev.pages import NOTE, table

PATH = "reference/commands.md"

INTRO = f"""\
# Commands

{NOTE.format(source="the commands themselves")}

Every command takes `--help`. Where it takes `--json`, it prints data for a program on stdout, and nothing else there.
A mistake in what you typed ends in one line and status 3; a check that failed ends in status 1, one that is unknown in
status 2.
"""


def text() -> str:
    """The whole page."""
    app = typer.Typer()
    app.callback()(lambda: None)
    register_all(app)
    return "\n".join(
        [INTRO, *(_section(name, command) for name, command in _leaves("course", typer.main.get_command(app)))]
    )


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The commands that do something, groups opened, each with its whole name."""
    children: dict[str, Any] | None = getattr(command, "commands", None)
    if children is None:
        yield name, command
    for child, inner in sorted((children or {}).items()):
        yield from _leaves(f"{name} {child}", inner)


def _section(name: str, command: Any) -> str:
    parts = [f"## {name}", f"```console\n$ {_usage(name, command)}\n```", " ".join((command.help or "").split())]
    rows = [_row(each) for each in command.params if not each.hidden]
    if rows:
        parts.append(table(("word", "what it does", "default"), rows))
    return "\n\n".join(parts) + "\n"


def _usage(name: str, command: Any) -> str:
    words = [_word(each) for each in command.params if not _is_option(each)]
    options = ["[OPTIONS]"] if any(map(_is_option, command.params)) else []
    return " ".join([name, *words, *options])


def _row(parameter: Any) -> tuple[str, str, str]:
    meaning = (parameter.help or "").replace("|", r"\|")
    return f"`{_word(parameter)}`", meaning[:1].upper() + meaning[1:].rstrip(".") + ".", _default(parameter)


def _word(parameter: Any) -> str:
    """`NN`, `[NN]`, `--users INTEGER`, `--think / --no-think`."""
    if not _is_option(parameter):
        name = parameter.metavar or parameter.name.upper()
        return name if parameter.required or name.startswith("[") else f"[{name}]"
    names = " ".join(parameter.opts)
    if parameter.is_flag:
        return " / ".join([names, *parameter.secondary_opts])
    return f"{names} {parameter.metavar or _values(parameter)}"


def _values(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    if get_origin(annotation) is Literal:
        return ",".join(get_args(annotation))
    kinds = [getattr(each, "__name__", "") for each in (annotation, *get_args(annotation))]
    return "NUMBER" if {"int", "float"} & set(kinds) else "TEXT"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "must be given"
    if parameter.default in (None, "", False, [], ()) or getattr(parameter, "is_flag", False):
        return "on" if parameter.default is True else "none" if not getattr(parameter, "is_flag", False) else "off"
    return f"`{parameter.default:g}`" if isinstance(parameter.default, float) else f"`{parameter.default}`"


def _is_option(parameter: Any) -> bool:
    return bool(parameter.opts and parameter.opts[0].startswith("-"))
