"""What Compose is told to make of a shop: its own description, with our links between its services.

The shop's `compose.yaml`, as Compose itself reads it, is kept as it is, up to this: every image has a name that
follows from its content; nothing is published but the links; nothing waits for anything, since the engine starts
services itself; and the URL of each callee leads to the sidecar, which carries every link (see `sidecar`).
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from breakwater.engines import daemon
from breakwater.engines.description import BUYER, FILE, Kind, Link, Service, Shop, host_of
from breakwater.errors import BadInput

SIDECAR = "breakwater"
"""The name of the sidecar among the services, and so its host name."""

CONTROL_PORT, FIRST_PORT = 19999, 20000
DEFAULT_PORTS = {"http": 80, "https": 443, "postgresql": 5432}
PROBE_EVERY = "10s"
"""How often Docker asks a service whether it is well. Each time costs an interpreter's start, and the engine asks
for itself while a service starts."""

THROW_AWAY = ("postgres", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
"""A server whose data is thrown away need not guard it against a power failure."""

Config = dict[str, Any]

_CHOICE = re.compile(r"^\s+(?:build|context):.*\$\{(?P<name>\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Route:
    """A link as the sidecar serves it: it listens on `listens`, and calls the callee's own `port`."""

    link: Link
    port: int
    listens: int
    grpc: bool = False


async def read(folder: Path) -> Config:
    """A shop's description as Compose reads it. Raises BadInput with what Compose says of one that it refuses."""
    words = ("docker", "compose", "--env-file", "/dev/null", "-f", str(folder / FILE), "config", "--format", "json")
    status, said = await daemon.run(*words, folder=folder, more=chosen(folder))
    if status:
        lines = [line for line in said.strip().splitlines() if line]
        raise BadInput(f"{folder / FILE}: Compose refuses it: {lines[-1] if lines else 'it says not why'}")
    config: Config = json.loads(said[said.index("{") :])
    return config


def chosen(folder: Path) -> dict[str, str]:
    """The variables that choose from which folder a service of this shop is built, as far as they are set here.

    Compose is told of no others: a shop runs the same, whoever starts it.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # Compose will say so
        return {}
    names = {match["name"] for match in _CHOICE.finditer(text)}
    return {name: os.environ[name] for name in names if name in os.environ}


def routes(shop: Shop, config: Config) -> list[Route]:
    """One route a link. Raises BadInput for a service at whose port nobody could guess."""
    ports: dict[str, int] = {}
    inner = [link for link in shop.links if link.caller != BUYER]
    outer = [link for link in shop.links if link.caller == BUYER]
    found = []
    for link in inner:
        port = _port_in_url(shop.services[link.caller], link.callee)
        ports.setdefault(link.callee, port)
        found.append((link, port))
    for link in outer:
        found.append((link, ports.get(link.callee) or _own_port(shop, link.callee, config["services"][link.callee])))
    return [
        Route(link, port, FIRST_PORT + number, shop.speaks_grpc(link.callee))
        for number, (link, port) in enumerate(found)
    ]


def _port_in_url(caller: Service, callee: str) -> int:
    url = next(urlsplit(value) for value in caller.environment.values() if host_of(value) == callee)
    return url.port or DEFAULT_PORTS.get(url.scheme.partition("+")[0], 80)


def _own_port(shop: Shop, name: str, table: Config) -> int:
    """The port of a service that no other calls: the one that it publishes, or its command's `--port`."""
    for published in table.get("ports") or []:
        return int(published["target"])
    words = " ".join(shop.services[name].command).replace("=", " ").split()
    for option, value in pairwise(words):
        if option == "--port" and value.isdigit():
            return int(value)
    raise BadInput(f"{shop.folder / FILE}: service `{name}`: nothing tells its port: publish it under `ports`.")


@dataclass(frozen=True)
class Plan:
    """What differs from the description. `images` names the image of each service that is built."""

    project: str
    labels: Mapping[str, str]
    routes: list[Route]
    images: Mapping[str, str]
    sidecar_image: str
    token: str
    public: str
    public_port: int = 0
    replicas: Mapping[str, int] | None = None


def composed(shop: Shop, config: Config, plan: Plan) -> Config:
    """The whole file that Compose is given, as data."""
    services = {name: _service(shop.services[name], config["services"][name], plan) for name in shop.services}
    volumes = dict(config.get("volumes") or {})
    mounts = _judge_mounts(shop, services, volumes)
    networks = config.get("networks") or {"default": {}}
    sidecar = _sidecar(plan, list(networks), mounts, socket_path(shop))
    made = {key: config[key] for key in ("secrets", "configs") if key in config}
    return made | {
        "name": plan.project,
        "services": services | {SIDECAR: sidecar},
        "networks": {name: _ours(table, plan) for name, table in networks.items()},
        "volumes": {name: _ours(table, plan) for name, table in volumes.items()},
    }


def _service(service: Service, table: Config, plan: Plan) -> Config:
    dropped = ("ports", "depends_on", "container_name", "profiles")
    kept = {key: value for key, value in table.items() if key not in dropped}
    if service.name in plan.images:
        kept |= {"image": plan.images[service.name], "pull_policy": "never"}
    if service.kind is Kind.CODE:
        kept["environment"] = _through_links(service.name, table.get("environment") or {}, plan.routes)
        kept["scale"] = (plan.replicas or {}).get(service.name, 1)
        if "replicas" in (deploy := table.get("deploy") or {}):  # Compose refuses two numbers
            kept["deploy"] = {key: value for key, value in deploy.items() if key != "replicas"}
        kept["healthcheck"] = (table.get("healthcheck") or {}) | {"interval": PROBE_EVERY}
        if not table.get("healthcheck"):
            del kept["healthcheck"]
    if service.kind is Kind.SERVER and not table.get("command"):
        kept["command"] = list(THROW_AWAY)
    return _labelled(kept, plan)


def _through_links(caller: str, environment: Mapping[str, Any], routes: list[Route]) -> dict[str, Any]:
    listens = {route.link.callee: route.listens for route in routes if route.link.caller == caller}

    def value(text: Any) -> Any:
        port = listens.get(host_of(text) or "") if isinstance(text, str) else None
        if port is None:
            return text
        login, at, _ = urlsplit(text).netloc.rpartition("@")
        return urlsplit(text)._replace(netloc=f"{login}{at}{SIDECAR}:{port}").geturl()

    return {name: value(text) for name, text in environment.items()}


def _sidecar(plan: Plan, networks: list[str], mounts: list[Config], socket: str) -> Config:
    """The container that carries the links. Its ports are published on loopback, and nothing else of the shop is."""
    outer = [route for route in plan.routes if route.link.caller == BUYER]
    published = [_published(CONTROL_PORT), *(_published(r.listens, _host_port(r, plan)) for r in outer)]
    links = [[r.link.caller, r.link.callee, r.port, r.listens, r.grpc] for r in plan.routes]
    table: Config = {
        "image": plan.sidecar_image,
        "pull_policy": "never",
        "init": True,
        "environment": {"LINKS": json.dumps(links), "TOKEN": plan.token, "SOCKET": socket},
        "ports": published,
        "networks": dict.fromkeys(networks),
        "volumes": mounts,
        "stop_grace_period": "1s",
    }
    return _labelled(table, plan)


def _host_port(route: Route, plan: Plan) -> int:
    return plan.public_port if route.link.callee == plan.public else 0


def _published(target: int, port: int = 0) -> Config:
    return {"target": target, "host_ip": "127.0.0.1"} | ({"published": str(port)} if port else {})


def judge_paths(shop: Shop) -> list[tuple[str, str]]:
    """The folders where judge-side services keep files, as (service, folder in its container)."""
    return list(
        dict.fromkeys(
            (service.name, str(PurePosixPath(value).parent))
            for service in shop.services.values()
            if service.judge
            for value in service.environment.values()
            if value.startswith("/")
        )
    )


def socket_path(shop: Shop) -> str:
    """Where the sidecar finds the control socket of the card provider; empty if the shop has none."""
    for service in shop.services.values():
        value = service.environment.get("CONTROL_SOCKET", "") if service.judge else ""
        if value:
            path = PurePosixPath(value)
            return f"{_seen_at(service.name, str(path.parent))}/{path.name}"
    return ""


def _seen_at(service: str, folder: str) -> str:
    return f"/judge/{service}{folder}"


def _judge_mounts(shop: Shop, services: dict[str, Config], volumes: Config) -> list[Config]:
    """Give each folder of the judge's side a volume, if it has none; return how the sidecar mounts them."""
    mounts = []
    for name, folder in judge_paths(shop):
        own = services[name].setdefault("volumes", [])
        source = next((m["source"] for m in own if m.get("target") == folder and m.get("type") == "volume"), "")
        if not source:
            source = f"judge-{name}-{PurePosixPath(folder).name}"
            volumes[source] = {}
            own.append({"type": "volume", "source": source, "target": folder})
        seen: Config = {"type": "volume", "source": source, "target": _seen_at(name, folder)}
        mounts.append(seen | {"volume": {"nocopy": True}})
    return mounts


def _labelled(table: Config, plan: Plan) -> Config:
    return table | {"labels": {**(table.get("labels") or {}), **plan.labels}}


def _ours(table: Config | None, plan: Plan) -> Config:
    """A network or volume under a name of the project, whatever the description calls it; one from outside stays."""
    given = table or {}
    return given if given.get("external") else _labelled({k: v for k, v in given.items() if k != "name"}, plan)
