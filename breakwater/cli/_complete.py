"""What the shell offers at the Tab key: modules, checks, services, faults, engines.

Which of them belongs to an argument follows from how the argument is named in the help (`NN`, `CHECK`, `SERVICE`), so
that no command has to say it twice, those of other packages neither. A Tab must answer at once: files are read
directly here, and nothing heavy is imported. Where something cannot be read, nothing is offered; the command itself
tells what is wrong.
"""

import inspect
import os
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import typer

from breakwater import paths
from breakwater.errors import CourseError

if TYPE_CHECKING:
    from breakwater.engines.description import Shop

VARIABLE = "_COURSE_COMPLETE"
WIDEST = 55
Offers = list[tuple[str, str]]
Completer = Callable[..., Offers]

_CHECK = re.compile(r'@pytest\.mark\.check\("([^"]+)"')
_SENTENCE = re.compile(r'"""(.+?)"""', re.DOTALL)


def attach(app: typer.Typer) -> None:
    """Give every argument and option of `app` that is named in COMPLETERS its completion, if a shell asks now."""
    if VARIABLE not in os.environ:
        return
    for info in _parameters(app):
        # What `Annotated` says first of an option, its name, Typer keeps as a default until it reads it.
        names = [info.metavar, info.default, *(info.param_decls or ())]
        info.autocompletion = next((COMPLETERS[name] for name in names if name in COMPLETERS), None)


def modules(incomplete: str) -> Offers:
    """The modules that can be taken, by number."""
    return [(id.partition("-")[0], title) for id, title in _built() if id.startswith(incomplete)]


def checks(incomplete: str) -> Offers:
    """The checks of the module that the line names; hidden ones where it says `--hidden`."""
    module = next(filter(None, map(_module, _words())), "")
    folders = [paths.LABS, *([paths.SOLUTIONS] if "--hidden" in _words() else [])]
    files = [file for folder in folders for file in sorted((folder / module / "checks").glob("test_*.py"))]
    return [offer for file in files for offer in _checks_in(_text(file)) if module and offer[0].startswith(incomplete)]


def services(ctx: typer.Context, incomplete: str) -> Offers:
    """The services of the shop that the line is about."""
    asked = ctx.params.get("services") or ()
    return [(name, "") for name in _names(_shop(ctx)) if name.startswith(incomplete) and name not in asked]


def faults(ctx: typer.Context, incomplete: str) -> Offers:
    """A fault with its places, as far as it is written: `hang:`, then `hang:orders`, then `hang:orders:payments`."""
    from breakwater.faults import LinkFault, ServiceFault, known

    kinds = {kind.verb.replace("_", "-"): kind for kind in known().values()}
    if ":" not in incomplete:
        return [(f"{name}:", _short(kind.__doc__)) for name, kind in kinds.items() if name.startswith(incomplete)]
    verb = incomplete.partition(":")[0]
    kind, shop = kinds.get(verb), _shop(ctx)
    places: list[str] = []
    if shop and kind and issubclass(kind, LinkFault):
        places = [f"{link.caller}:{link.callee}" for link in shop.links]
    elif shop and kind and issubclass(kind, ServiceFault):
        places = _names(shop)
    return [(f"{verb}:{place}", "") for place in places if f"{verb}:{place}".startswith(incomplete)]


def engines(incomplete: str) -> Offers:
    from breakwater.engines import ENGINES

    return [(name, "") for name in ENGINES if name.startswith(incomplete)]


def probes(incomplete: str) -> Offers:
    """What `course doctor` can look at."""
    from breakwater import doctor

    return [(name, "") for name in doctor.probes() if name.startswith(incomplete)]


COMPLETERS: dict[object, Completer] = {
    "NN": modules,
    "[NN]": modules,
    "CHECK": checks,
    "ID": checks,
    "SERVICE": services,
    "SERVICE...": services,
    "[SERVICE]": services,
    "FAULT@FROM-UNTIL": faults,
    "--engine": engines,
    "[NAME]...": probes,
}


def _parameters(app: typer.Typer) -> Iterator[Any]:
    """What was said of each parameter of each command, those of groups too."""
    for command in app.registered_commands:
        if command.callback:
            for parameter in inspect.signature(command.callback).parameters.values():
                said = getattr(parameter.annotation, "__metadata__", ())
                yield from (info for info in said if hasattr(info, "autocompletion"))
    for group in app.registered_groups:
        if group.typer_instance:
            yield from _parameters(group.typer_instance)


def _built() -> Iterator[tuple[str, str]]:
    """Id and title of each module that can be taken."""
    try:
        rows = tomllib.loads(_text(paths.COURSE_TOML))["modules"]
        yield from ((row["id"], row["title"]) for row in rows if row.get("built"))
    except (ValueError, KeyError, TypeError):
        return


def _module(name: str) -> str:
    """The id of the module called `name`, as `syllabus.find` would find it; empty if there is none."""
    ids = [id for id, _ in _built()]
    return next((id for id in ids if name in (id, *id.split("-", 1)) or id.startswith(f"{name.zfill(2)}-")), "")


def _checks_in(text: str) -> Iterator[tuple[str, str]]:
    """Id and sentence of each check in a file of checks, read as text: to parse it would take longer."""
    parts = _CHECK.split(text)[1:]
    for name, rest in zip(parts[::2], parts[1::2], strict=True):
        sentence = _SENTENCE.search(rest)
        yield name, _short(sentence and sentence[1])


def _shop(ctx: typer.Context) -> "Shop | None":
    """The description of the shop that `--shop` names, else of the learner's, else of the naive one."""
    from breakwater.engines import description

    asked = [Path(ctx.params["shop"])] if ctx.params.get("shop") else []
    for folder in (*asked, paths.work() / "shop", paths.BOXOFFICE):
        with suppress(CourseError, OSError):
            return description.load(folder)
    return None


def _names(shop: "Shop | None") -> list[str]:
    """The services that go on running; what ends by itself can be neither restarted nor hurt."""
    return sorted(name for name, service in shop.services.items() if service.kind != "job") if shop else []


def _words() -> list[str]:
    """The line so far; each shell hands it over in its own way."""
    return (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()


def _short(text: str | None) -> str:
    """The first line of a text, short enough to stand in one line of a terminal beside what is offered."""
    return shorten((text or "").strip().partition("\n")[0], WIDEST, placeholder="…")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
