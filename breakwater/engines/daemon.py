"""Docker on this machine: reaching it, running Compose, and clearing away what a shop left there.

Everything that we make carries the labels of its Compose project and of the state folder whose supervisor made it,
so that what a dead supervisor left is found by whoever comes next, and nothing else is ever touched.
"""

import asyncio
import contextlib
import hashlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from breakwater.engines.process import LINUX, die_with_parent
from breakwater.errors import EngineTrouble

OLDEST_ENGINE, OLDEST_COMPOSE = (24, 0), (2, 20)
PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
STATE, OWNER = "breakwater.state", "breakwater.owner"
WITHOUT = "The embedded engine needs none: course shop up."
ANSWER_S = 120.0
END_S = 10.0
AT_ONCE = 8
FULL = "no space left on device"


def connect(within_s: float = ANSWER_S) -> Any:
    """A client of the daemon (the Docker SDK's), which waits `within_s` seconds for each answer.

    Raises EngineTrouble, in one line, for what is missing or too old.
    """
    if not shutil.which("docker"):
        raise EngineTrouble(f"No Docker client is installed. {WITHOUT} For Compose, install Docker.")
    import docker
    from docker.errors import DockerException

    where = endpoint()
    try:
        client = docker.DockerClient(base_url=where, timeout=within_s, max_pool_size=32)
        version = str(client.version()["Version"])
    except DockerException:
        raise EngineTrouble(
            f"No Docker daemon answers at {where}. {WITHOUT} To use Compose, start Docker, then: course doctor docker"
        ) from None
    if parts(version) < OLDEST_ENGINE:
        raise EngineTrouble(f"Docker Engine {version} is too old: {dotted(OLDEST_ENGINE)} is needed. {WITHOUT}")
    _hold_compose()
    return client


def endpoint() -> str:
    """Where the daemon listens: DOCKER_HOST, or what the client's current context says."""
    given = os.environ.get("DOCKER_HOST")
    if given:
        return given
    words = ("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    try:
        found = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    return found or "unix:///var/run/docker.sock"


def compose_version() -> str:
    """The version of Compose, or an empty string if there is none."""
    words = ("docker", "compose", "version", "--short")
    try:
        tried = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return tried.stdout.strip().removeprefix("v") if tried.returncode == 0 else ""


def _hold_compose() -> None:
    version = compose_version()
    if not version:
        raise EngineTrouble(f"Docker has no Compose plugin: install it (docker-compose-plugin). {WITHOUT}")
    if parts(version) < OLDEST_COMPOSE:
        raise EngineTrouble(f"Compose {version} is too old: {dotted(OLDEST_COMPOSE)} is needed. {WITHOUT}")


def parts(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def dotted(version: Iterable[int]) -> str:
    return ".".join(map(str, version))


def project_of(state: Path) -> str:
    """The name of the Compose project whose supervisor has this state folder."""
    return f"breakwater-{hashlib.sha256(str(state).encode()).hexdigest()[:12]}"


def labels(state: Path) -> dict[str, str]:
    """What is written on everything that the supervisor with this state folder makes."""
    return {STATE: str(state), OWNER: owner()}


def owner() -> str:
    """Whose state folders we can see: this user's on this machine."""
    return f"{os.getuid()}@{platform.node()}"


async def run(*words: str, folder: Path | None = None, more: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a command of Docker's client; return its status and what it said. It ends when we do.

    `more` are variables that it is told besides those of `environment`.
    """
    parent = os.getpid()
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        env={**environment(), **(more or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=(lambda: die_with_parent(parent)) if LINUX else None,
    )
    try:
        said, _ = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    return process.returncode or 0, said.decode(errors="replace")


async def asked(work: Callable[..., Any], *arguments: Any) -> Any:
    """Let a thread ask the daemon. Raises EngineTrouble for what the daemon cannot do.

    Who is cancelled waits until the thread has ended: what it does cannot be broken off, and must not go on unseen.
    """
    from docker.errors import DockerException
    from requests import RequestException

    asking = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        await asyncio.wait([asking])
        raise
    except (DockerException, RequestException) as error:
        raise trouble(str(getattr(error, "explanation", None) or error), "Docker could not do it") from None


def environment() -> dict[str, str]:
    """What Docker's client is told: where the daemon is, and no variable that a compose file could read."""
    kept = ("PATH", "HOME", "XDG_RUNTIME_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
    docker = {name: value for name, value in os.environ.items() if name.startswith(("DOCKER_", "BUILDKIT_"))}
    return {name: os.environ[name] for name in kept if name in os.environ} | docker


def trouble(said: str, what: str, disk: str = "") -> EngineTrouble:
    """The error for `what` failed, told by the last line that was said, or by what is known of such lines.

    `disk` is the folder that was written to, if it is not Docker's own.
    """
    if FULL in said.lower():
        full = f"the disk of {disk} is full" if disk else "Docker's disk is full (docker system df)"
        return EngineTrouble(f"{what}: {full}. Make room, then again.")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return EngineTrouble(f"{what}: {lines[-1] if lines else 'Docker said nothing'}"[:500])


def each(work: Callable[[Any], None], things: Iterable[Any]) -> None:
    """Do `work` with each of the things, several at once; a thing that is gone already needs none."""
    from docker.errors import NotFound

    def one(thing: Any) -> None:
        with contextlib.suppress(NotFound):
            work(thing)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, things))


def containers(client: Any, project: str) -> list[Any]:
    """All containers of a project, running or not."""
    found: list[Any] = client.containers.list(all=True, filters={"label": f"{PROJECT}={project}"}, ignore_removed=True)
    return found


def kill(container: Any) -> None:
    """End a container at once, and return when it has ended. No error if it does not run."""
    from docker.errors import APIError

    with contextlib.suppress(APIError):  # it does not run
        container.kill()
    container.wait(timeout=END_S)


def process_of(container: Any) -> int | None:
    """The id of a container's first process; None where it does not run, or on a machine whose ids are not ours."""
    pid = int(container.attrs["State"]["Pid"])
    try:
        return pid if container.id in Path(f"/proc/{pid}/cgroup").read_text() else None
    except OSError:
        return None


def how_it_ended(container: Any) -> str:
    """How a container ended, in words that follow its service's name."""
    how = container.attrs["State"]
    if how.get("OOMKilled"):
        return "used more memory than it may"
    return f"ended with status {how['ExitCode']}"


def last_lines(containers: list[Any], lines: int = 40) -> tuple[str, ...]:
    """What containers said last, so many lines of each."""
    said = [container.logs(tail=lines).decode(errors="replace") for container in containers]
    return tuple(line for text in said for line in text.splitlines())


def wipe(client: Any, project: str) -> None:
    """Remove a project's containers, networks and volumes, at once. No error if there are none."""
    chosen = {"label": f"{PROJECT}={project}"}
    while found := containers(client, project):
        each(lambda container: container.remove(force=True, v=True), found)
    each(lambda network: network.remove(), client.networks.list(filters=chosen))
    each(lambda volume: volume.remove(force=True), client.volumes.list(filters=chosen))


def sweep(client: Any, is_alive: Callable[[Path], bool]) -> None:
    """Wipe the projects of this user whose supervisor `is_alive` no more."""
    mine = client.containers.list(all=True, filters={"label": f"{OWNER}={owner()}"}, ignore_removed=True)
    for state, project in {(c.labels.get(STATE, ""), c.labels.get(PROJECT, "")) for c in mine}:
        if state and project == project_of(Path(state)) and not is_alive(Path(state)):
            wipe(client, project)
