"""The keys and values that a learner's `compose.yaml` may have where it is judged."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from breakwater.engines.trial.allowed import RESERVED

MOST_VALUES = 20_000

TOP = ("name", "services", "networks", "volumes", "secrets", "version")
KEYS: dict[str, tuple[str, ...]] = {
    "services": (
        "build",
        "cap_add",
        "cap_drop",
        "command",
        "container_name",
        "cpus",
        "depends_on",
        "deploy",
        "entrypoint",
        "environment",
        "expose",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "labels",
        "mem_limit",
        "mem_reservation",
        "memswap_limit",
        "networks",
        "pids_limit",
        "ports",
        "read_only",
        "restart",
        "scale",
        "secrets",
        "security_opt",
        "stop_grace_period",
        "stop_signal",
        "tmpfs",
        "user",
        "volumes",
        "working_dir",
    ),
    "networks": ("attachable", "driver", "internal", "labels", "name"),
    "volumes": ("labels", "name"),
    "secrets": ("file",),
    "build": ("args", "context", "dockerfile", "target"),
    "deploy": ("replicas", "resources", "restart_policy", "mode"),
    "limits": ("cpus", "memory", "pids"),
    "healthcheck": ("disable", "interval", "retries", "start_interval", "start_period", "test", "timeout"),
    "depends_on": ("condition", "required", "restart"),
}

WHY_NOT = {
    "privileged": "a container with it owns the machine",
    "network_mode": "a service is on the networks that the file describes, and never on the host's",
    "pid": "it shows the processes of others",
    "ipc": "it shares the memory of others",
    "uts": "it shares the host's name",
    "userns_mode": "it gives back what the daemon takes from root",
    "cgroup": "it leaves the group that bounds it",
    "cgroup_parent": "it leaves the group that bounds it",
    "devices": "it opens the machine's devices",
    "device_cgroup_rules": "it opens the machine's devices",
    "gpus": "it opens the machine's devices",
    "sysctls": "it changes the kernel's settings",
    "runtime": "the daemon's own runtime is used",
    "extra_hosts": "services find each other by their names",
    "volumes_from": "a volume is named where it is used",
    "profiles": "all that is described is brought up",
    "include": "all of the description is in this one file",
    "extends": "all of the description is in this one file",
    "env_file": "write the variables under `environment`",
    "external": "nothing outside the description is used",
    "driver_opts": "an option of a driver can reach any place of the machine",
    "logging": "a log driver can send what it gets anywhere",
    "configs": "put the file into the image",
    "develop": "nothing is watched here",
    "post_start": "a hook can be privileged",
    "pre_stop": "a hook can be privileged",
}

CAPABILITIES = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
"""Those that a container has anyway; `cap_drop: [ALL]` and some of these is a right design."""

NO_NEW = ("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")
MOST_REPLICAS = 5

Config = Mapping[str, Any]
LineOf = Callable[..., str]
Fault = tuple[str, str]
"""What is wrong, and `, line N`."""


def held_values(config: Config, folder: Path, line_of: LineOf) -> Iterator[Fault]:
    """What a normalised composition says that is not allowed. `folder` is the shop's; `line_of` finds keys."""
    for name, service in config["services"].items():
        where = f"service `{name}`"
        for says, key in _of_service(service, folder):
            yield f"{where}: {says}", line_of("services", name, key)
    for name, network in (config.get("networks") or {}).items():
        for says, key in _of_network(network or {}):
            yield f"network `{name}`: {says}", line_of("networks", name, key)
    for name, volume in (config.get("volumes") or {}).items():
        if (volume or {}).get("driver_opts") or (volume or {}).get("external"):
            yield f"volume `{name}`: only plain volumes of its own are allowed here.", line_of("volumes", name)
    for name, secret in (config.get("secrets") or {}).items():
        if not _is_inside((secret or {}).get("file"), folder):
            yield f"secret `{name}`: its file lies outside the shop.", line_of("secrets", name)


def _of_service(service: Config, folder: Path) -> Iterator[Fault]:
    """What is wrong with a service, and the key that says it."""
    for mount in service.get("volumes") or []:
        if (says := _of_mount(mount, folder)) is not None:
            yield says, "volumes"
    for option in service.get("security_opt") or []:
        if option not in NO_NEW:
            yield f"`security_opt` is `no-new-privileges:true` or absent, not `{str(option)[:60]}`.", "security_opt"
    for capability in service.get("cap_add") or []:
        if str(capability).upper().removeprefix("CAP_") not in CAPABILITIES:
            yield f"`cap_add` may give back what a container has anyway, not {str(capability)[:30]}.", "cap_add"
    if service.get("network_mode"):
        yield "a service is on the networks that the file describes.", "network_mode"
    context = (service.get("build") or {}).get("context")
    if context is not None and not _is_inside(context, folder):
        yield "its build folder lies outside the shop.", "build"
    if int((service.get("deploy") or {}).get("replicas") or service.get("scale") or 1) > MOST_REPLICAS:
        yield f"it has more than {MOST_REPLICAS} replicas.", "deploy"
    for label in service.get("labels") or {}:
        if str(label).lower().startswith(RESERVED):
            yield f"the label `{str(label)[:60]}` is not yours to set. Remove it.", "labels"


def _of_mount(mount: Config, folder: Path) -> str | None:
    kind = mount.get("type")
    if kind == "bind":
        source = str(mount.get("source"))
        if not _is_inside(source, folder):
            return f"it mounts `{source[:80]}` of the machine. Mount a folder of the shop, or a named volume."
        return None
    return None if kind in ("volume", "tmpfs") else f"a mount of type `{kind}` is not allowed here."


def _of_network(network: Config) -> Iterator[Fault]:
    if network.get("external"):
        yield "networks from outside the description are not allowed here. Remove `external`.", "external"
    if network.get("driver") not in (None, "bridge"):
        yield f"its driver is `bridge`, not `{network['driver']}`.", "driver"
    if network.get("driver_opts"):
        yield f"`driver_opts` is not allowed here: {WHY_NOT['driver_opts']}.", "driver_opts"


def _is_inside(path: Any, folder: Path) -> bool:
    """Whether a path is in the shop's folder, wherever its links may lead, and is not the folder itself."""
    if not isinstance(path, str) or not path.startswith("/"):
        return False
    found = Path(path).resolve()
    return found.is_relative_to(folder) and found != folder
