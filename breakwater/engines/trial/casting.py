"""Who plays what in a rehearsal: the learner's composition, with an actor of ours in each service's place.

Kept of a service is what makes it a part of a system: its networks, what it waits for, its limits, its replicas, which
ports it publishes and at which address. All else is ours, so that nothing of a learner's runs, or is mounted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breakwater.engines import composition
from breakwater.engines.composition import Config
from breakwater.engines.description import Kind, Service, Shop, host_of
from breakwater.engines.trial.actors import ACTOR

WELL = "/dev/shm/well"
TOUCH_WELL = ("touch", WELL)
PROBE: Config = {"test": ["CMD", "test", "-e", WELL], "interval": "1s", "timeout": "10s", "retries": 100_000}
"""So many, because Compose gives up when somebody is unhealthy. No start period: newer Engines ask less often in it."""

KEPT = ("cap_drop", "cpus", "depends_on", "mem_limit", "mem_reservation", "memswap_limit", "pids_limit", "read_only")
_HAS_PROBE = re.compile(r"^[ \t]*HEALTHCHECK[ \t]+(?!NONE\b)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Cast:
    """A rehearsal's composition. `ports` are where services listen, `needs` who must be well before each starts."""

    file: Config
    ports: Mapping[str, int]
    needs: Mapping[str, frozenset[str]]
    jobs: frozenset[str]


def cast(shop: Shop, config: Config, *, project: str, image: str, labels: Mapping[str, str], well: bool) -> Cast:
    """The cast of a composition. With `well`, everybody is from the beginning.

    Raises BadInput for a service at whose port nobody could guess.
    """
    ports = {route.link.callee: route.port for route in composition.routes(shop, config)}
    services = {}
    for name, service in shop.services.items():
        table = config["services"][name]
        services[name] = {
            **_part(table),
            **_probe(shop, service, table),
            "image": image,
            "pull_policy": "never",
            "command": ["python", ACTOR],
            "environment": _told(service, ports.get(name, 1), well=well),
            "labels": dict(labels),
            "stop_grace_period": "1s",
        }
    networks = config.get("networks") or {"default": {}}
    file = {
        "name": project,
        "services": services,
        "networks": {
            name: {"internal": bool((table or {}).get("internal")), "labels": dict(labels)}
            for name, table in networks.items()
        },
    }
    jobs = frozenset(service.name for service in shop.of(Kind.JOB))
    return Cast(file, ports, {name: needs(shop, service) for name, service in shop.services.items()}, jobs)


def needs(shop: Shop, service: Service) -> frozenset[str]:
    """Who must be well before a service starts: whom its URLs name, and the job that migrates its database."""
    hosts = {host_of(value) for value in service.environment.values()}
    named = {name for name in hosts if name in shop.services and name != service.name}
    databases = {value for value in service.environment.values() if "@" in value}
    migrating = {
        job.name
        for job in shop.of(Kind.JOB)
        if job.name != service.name and databases & {value for value in job.environment.values() if "@" in value}
    }
    return frozenset(str(name) for name in named | (migrating if service.kind is Kind.CODE else set()))


def _part(table: Config) -> Config:
    """What is kept of a service."""
    kept = {key: table[key] for key in KEPT if table.get(key) is not None}
    networks = table.get("networks") or {}
    kept["networks"] = {name: {"aliases": (how or {}).get("aliases") or []} for name, how in networks.items()}
    if ports := [_published(port) for port in table.get("ports") or []]:
        kept["ports"] = ports
    deploy = table.get("deploy") or {}
    kept["deploy"] = {key: deploy[key] for key in ("replicas", "resources") if key in deploy}
    if "scale" in table and "replicas" not in deploy:
        kept["scale"] = table["scale"]
    return kept


def _published(port: Config) -> Config:
    """A port as the learner publishes it, with a number that Docker picks."""
    kept = {"target": port["target"], "protocol": port.get("protocol", "tcp")}
    return kept | ({"host_ip": port["host_ip"]} if port.get("host_ip") else {})


def _probe(shop: Shop, service: Service, table: Config) -> Config:
    """Ours, where the service is asked for its health by the composition or by its own image; else none."""
    given = table.get("healthcheck") or {}
    asked = bool(given) and not given.get("disable")
    by_image = not given and (service.kind is Kind.SERVER or _image_asks(service.folder))
    if service.kind is Kind.JOB or not (asked or by_image):
        return {"healthcheck": {"disable": True}}
    return {"healthcheck": PROBE}


def _image_asks(folder: Path | None) -> bool:
    file = folder / "Dockerfile" if folder else None
    try:
        return bool(file and _HAS_PROBE.search(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return False


def _told(service: Service, port: int, *, well: bool) -> dict[str, Any]:
    told = {"ACTOR": service.name, "PORT": str(port)}
    told |= {"WELL_AT_ONCE": "1"} if well else {}
    return told | ({"JOB": "1"} if service.kind is Kind.JOB else {})
