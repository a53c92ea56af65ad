"""A shop's `compose.yaml`, read for engines that run no containers.

Read is what such an engine needs: `build`, `command`, `environment`, `depends_on`, `ports`, the init SQL of a
database, and our extension `x-breakwater`:

    x-breakwater: {server: postgresql}    run the engine's own PostgreSQL in place of this image
    x-breakwater: {side: judge}           not the learner's: the card provider
    x-breakwater: {command: uvicorn …}    how to start a service whose image tells it to every other engine
    x-breakwater: {instead: [folders]}    other folders from which its image can be built

A *link* is discovered, not declared: a variable whose value is a URL with another service's name as its host. The
service that such a URL with the scheme `grpc` leads to speaks gRPC.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import yaml

from breakwater.errors import BadInput, did_you_mean

FILE = "compose.yaml"
BUYER = "buyer"
"""Whoever calls from outside the shop: the caller of the link to an endpoint."""

SERVERS = ("postgresql",)
CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
MAX_BYTES = 256 * 1024
INIT_FOLDER = "/docker-entrypoint-initdb.d"


class Kind(StrEnum):
    CODE = "code"
    JOB = "job"
    SERVER = "server"


@dataclass(frozen=True)
class Link:
    """A caller–callee pair: a place where a fault can hit."""

    caller: str
    callee: str


@dataclass(frozen=True)
class Service:
    """One service of the file. `folder` and `command` are set for code and jobs, `init_sql` for a database.

    `instead` are the folders from which the image can be built in place of `folder`.
    """

    name: str
    kind: Kind
    folder: Path | None
    command: tuple[str, ...]
    environment: Mapping[str, str]
    needs: Mapping[str, str]
    judge: bool = False
    init_sql: tuple[Path, ...] = ()
    published: bool = False
    instead: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Shop:
    """A whole shop: `services` in the order of the file, jobs and servers included."""

    folder: Path
    services: Mapping[str, Service]

    def of(self, kind: Kind) -> list[Service]:
        return [service for service in self.services.values() if service.kind is kind]

    @property
    def links(self) -> list[Link]:
        """All links between services, then one from outside to each service that is code."""
        inner = [Link(s.name, callee) for s in self.of(Kind.CODE) for callee in _callees(s, self.services)]
        return inner + [Link(BUYER, service.name) for service in self.of(Kind.CODE)]

    @property
    def others(self) -> list[Path]:
        """The folders from which services can be built instead: in another language, say."""
        return [folder for service in self.services.values() for folder in service.instead]

    def speaks_grpc(self, name: str) -> bool:
        """Whether a service is called by gRPC, which is so if anybody's URL to it says that."""
        values = (value for service in self.services.values() for value in service.environment.values())
        return any(value.startswith("grpc://") and host_of(value) == name for value in values)

    def needs_code(self, job: Service) -> bool:
        """Whether a job needs a service of code, at once or through another job."""
        needed = [self.services[name] for name in job.needs]
        return any(each.kind is Kind.CODE or self.needs_code(each) for each in needed)

    def find(self, name: str) -> Service:
        """Return the long-running service called `name`; raises BadInput with the nearest name."""
        known = [s.name for s in self.services.values() if s.kind is not Kind.JOB]
        if name not in known:
            guess = did_you_mean(name, known) or f" It has: {', '.join(known)}."
            raise BadInput(f"{self.folder / FILE} describes no service `{name}`.{guess}")
        return self.services[name]

    def find_link(self, caller: str, callee: str) -> Link:
        """Return the link from `caller` to `callee`; raises BadInput that lists the shop's links."""
        link = Link(caller, callee)
        if link not in self.links:
            known = [f"{each.caller} → {each.callee}" for each in self.links if each.caller != BUYER]
            guess = did_you_mean(f"{caller} → {callee}", known)
            raise BadInput(f"This shop has no link {caller} → {callee}.{guess} It has: {', '.join(known)}.")
        return link


def load(folder: Path, *, trusted: Path | None = None) -> Shop:
    """Read the shop in `folder`.

    With `trusted`, everything that is not the learner's (judge-side services, servers and their init SQL) is
    taken from the shop in that folder instead, whatever the file in `folder` says of them.
    Raises BadInput, in one line, for anything that cannot be run.
    """
    shop = _Reader(folder.resolve()).shop()
    return shop if trusted is None else _with_trusted(shop, load(trusted))


def host_of(value: str) -> str | None:
    """The host of a URL, or None where `value` is no URL."""
    try:
        return urlsplit(value).hostname if "://" in value else None
    except ValueError:
        return None


def _callees(service: Service, services: Mapping[str, Service]) -> list[str]:
    hosts = dict.fromkeys(host_of(value) or "" for value in service.environment.values())
    return [host for host in hosts if host in services and host != service.name]


def _ours(service: Service) -> bool:
    return service.judge or service.kind is Kind.SERVER


def _with_trusted(shop: Shop, trusted: Shop) -> Shop:
    own = {service.name: service for service in trusted.services.values() if _ours(service)}
    for service in shop.services.values():
        if _ours(service) and service.name not in own:
            raise BadInput(
                f"{shop.folder / FILE}: service `{service.name}` has an `x-breakwater` that only services of "
                f"the course may have: remove it."
            )
    return replace(shop, services={**shop.services, **own})


class _Reader:
    """Turns one file into a Shop; every method may raise BadInput."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE

    def shop(self) -> Shop:
        tables = self._tables()
        jobs = {
            need
            for name, table in tables.items()
            for need, condition in self._needs(name, table).items()
            if condition == "service_completed_successfully"
        }
        services = {name: self._service(name, table, name in jobs) for name, table in tables.items()}
        shop = Shop(self.folder, services)
        self._hold_needs(shop)
        return shop

    def _fail(self, message: str) -> NoReturn:
        raise BadInput(f"{self.path}: {message}")

    def _tables(self) -> dict[str, dict[str, Any]]:
        document = self._document()
        services = document.get("services") if isinstance(document, dict) else None
        if not isinstance(services, dict) or not services:
            self._fail("it lists no services under `services:`.")
        for name, table in services.items():
            if not isinstance(table, dict):
                self._fail(f"service `{name}` is not a table of keys.")
        return {str(name): table for name, table in services.items() if not table.get("profiles")}

    def _document(self) -> Any:
        try:
            return yaml.safe_load(interpolated(self._text_of_file()))
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{self.path} cannot be read: {error}") from None
        except yaml.MarkedYAMLError as error:
            line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            raise BadInput(f"{self.path}{line}: not valid YAML: {error.problem}.") from None
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise BadInput(f"{self.path}: not valid YAML: {' '.join(str(error).split())}") from None

    def _text_of_file(self) -> str:
        if not self.path.is_file():
            raise BadInput(f"{self.folder} is not a shop: it has no {FILE}.")
        if self.path.stat().st_size > MAX_BYTES:
            self._fail(f"it is larger than {MAX_BYTES // 1024} KiB.")
        return self.path.read_text(encoding="utf-8")

    def _service(self, name: str, table: dict[str, Any], is_job: bool) -> Service:
        extension = table.get("x-breakwater") or {}
        if not isinstance(extension, dict):
            self._fail(f"service `{name}`: `x-breakwater` is not a table of keys.")
        if "server" in extension:
            return self._server(name, table, extension["server"])
        return Service(
            name=name,
            kind=Kind.JOB if is_job else Kind.CODE,
            folder=self._build(name, table),
            command=self._command(name, table.get("command") or extension.get("command")),
            environment=self._environment(name, table),
            needs=self._needs(name, table),
            judge=self._is_judge(name, extension),
            published=bool(table.get("ports")),
            instead=tuple(self._instead(name, extension)),
        )

    def _server(self, name: str, table: dict[str, Any], server: object) -> Service:
        if server not in SERVERS:
            guess = did_you_mean(str(server), SERVERS)
            self._fail(f"service `{name}`: the embedded engine has no server `{server}`.{guess}")
        return Service(
            name=name,
            kind=Kind.SERVER,
            folder=None,
            command=(),
            environment={},
            needs={},
            init_sql=tuple(self._init_sql(name, table)),
        )

    def _is_judge(self, name: str, extension: dict[str, Any]) -> bool:
        side = extension.get("side", "learner")
        if side not in ("judge", "learner"):
            self._fail(f"service `{name}`: `side` is `judge` or `learner`, not `{side}`.")
        return bool(side == "judge")

    def _build(self, name: str, table: dict[str, Any]) -> Path:
        build = table.get("build")
        context = build.get("context") if isinstance(build, dict) else build
        if not isinstance(context, str):
            self._fail(
                f"service `{name}` has no `build` folder, and no `x-breakwater` that names a server for its image."
            )
        return self._inside(name, context, f"build folder {context}")

    def _instead(self, name: str, extension: dict[str, Any]) -> Iterator[Path]:
        given = extension.get("instead") or []
        if not isinstance(given, list) or not all(isinstance(place, str) for place in given):
            self._fail(f"service `{name}`: `instead` is not a list of folders.")
        for place in given:
            yield self._inside(name, place, f"folder {place}, listed under `instead`,")

    def _inside(self, name: str, place: str, what: str) -> Path:
        """The folder at a place in the shop; an error calls it `what`."""
        folder = (self.folder / place).resolve()
        if not folder.is_relative_to(self.folder):
            self._fail(f"service `{name}`: its {what} lies outside the shop.")
        if not folder.is_dir():
            self._fail(f"service `{name}`: its {what} does not exist.")
        return folder

    def _command(self, name: str, command: object) -> tuple[str, ...]:
        if command is not None and not isinstance(command, str | list):
            self._fail(f"service `{name}`: its `command` is neither text nor a list of words.")
        try:
            words = shlex.split(command) if isinstance(command, str) else [_text(word) for word in command or []]
        except (ValueError, TypeError) as error:
            self._fail(f"service `{name}`: its `command` cannot be read: {error}.")
        if not words:
            self._fail(
                f"service `{name}` has no `command`, here or under `x-breakwater`; the embedded engine reads no "
                f"Dockerfile."
            )
        return tuple(words)

    def _environment(self, name: str, table: dict[str, Any]) -> dict[str, str]:
        given = table.get("environment") or {}
        if isinstance(given, list):
            given = dict(str(item).partition("=")[::2] for item in given)
        if not isinstance(given, dict):
            self._fail(f"service `{name}`: `environment` is neither a table nor a list of KEY=VALUE.")
        try:
            return {str(key): _text(value) for key, value in given.items()}
        except TypeError as error:
            self._fail(f"service `{name}`: `environment`: {error}.")

    def _needs(self, name: str, table: dict[str, Any]) -> dict[str, str]:
        given = table.get("depends_on") or {}
        if isinstance(given, list):
            given = {str(need): {} for need in given}
        if not isinstance(given, dict):
            self._fail(f"service `{name}`: `depends_on` is neither a list nor a table.")
        return {str(need): self._condition(name, value) for need, value in given.items()}

    def _condition(self, name: str, value: object) -> str:
        condition = value.get("condition", CONDITIONS[0]) if isinstance(value, dict) else CONDITIONS[0]
        if condition not in CONDITIONS:
            guess = did_you_mean(str(condition), CONDITIONS)
            self._fail(f"service `{name}`: `depends_on` has an unknown condition `{condition}`.{guess}")
        return str(condition)

    def _init_sql(self, name: str, table: dict[str, Any]) -> Iterator[Path]:
        for volume in table.get("volumes") or []:
            if not isinstance(volume, str):
                continue
            source, _, rest = volume.partition(":")
            if not rest.startswith(INIT_FOLDER):
                continue
            path = (self.folder / source).resolve()
            if not path.exists():
                self._fail(f"service `{name}`: its init SQL {source} does not exist.")
            yield from sorted(path.glob("*.sql")) if path.is_dir() else [path]

    def _hold_needs(self, shop: Shop) -> None:
        for service in shop.services.values():
            for need in service.needs:
                if need not in shop.services:
                    guess = did_you_mean(need, shop.services)
                    self._fail(
                        f"service `{service.name}` depends on `{need}`, which the file does not describe.{guess}"
                    )
        try:
            TopologicalSorter({s.name: s.needs for s in shop.services.values()}).prepare()
        except CycleError as error:
            self._fail(f"`depends_on` goes round in a circle: {' → '.join(error.args[1])}.")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        raise TypeError("a value is text or a number, not a list or a table")
    return "" if value is None else str(value)


_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::?-(?P<default>[^}]*))?\}|(?P<bare>\w+))")


def interpolated(text: str) -> str:
    """Replace `${NAME:-default}` by its default: a shop runs the same whatever the environment of the command."""
    return _VARIABLE.sub(lambda match: "$" if match[0] == "$$" else match["default"] or "", text)
