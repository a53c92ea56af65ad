"""What this machine can and cannot run, found by trying, and what to do about it.

Each probe is a function that returns a `Finding`; they run side by side, each bounded in time. Other packages bring
more through the entry-point group `breakwater.doctor`, by their names.
"""

import asyncio
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from breakwater import paths
from breakwater.errors import BadInput, EngineTrouble, did_you_mean

GROUP = "breakwater.doctor"
PROBE_S = 2.5
GIB = 1024**3
NEEDED_MEMORY = 1 * GIB  # a shop takes 0.3 GiB, JupyterLab with one notebook 0.4
NEEDED_DISK = 1 * GIB
GIT = (2, 22)  # the first that restores a folder with what is missing in it
USERNS = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
OLD_USERNS = Path("/proc/sys/kernel/unprivileged_userns_clone")


class State(StrEnum):
    """`ready`: works. `limited`: works in part. `missing`: does not."""

    READY = "ready"
    LIMITED = "limited"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """What a probe found: `says` in plain words, and `remedy`, what to do (empty where nothing is to be done)."""

    name: str
    state: State
    says: str
    remedy: str = ""


def examine(names: Iterable[str] = ()) -> list[Finding]:
    """Run the probes called `names` (default: all) and return what they found, in a fixed order.

    Raises:
        BadInput: no probe has that name.
    """
    known = probes()
    chosen = list(names) or list(known)
    for name in chosen:
        if name not in known:
            raise BadInput(f"No probe is called `{name}`.{did_you_mean(name, known)} All: {', '.join(known)}.")
    with ThreadPoolExecutor(len(known)) as pool:
        return list(pool.map(lambda name: known[name](), chosen))


def probes() -> dict[str, Callable[[], Finding]]:
    """All probes by name: ours, and those of packages that are installed and present."""
    theirs = (entry for entry in entry_points(group=GROUP) if find_spec(entry.module.partition(".")[0]))
    return PROBES | {entry.name: partial(_brought, entry) for entry in theirs}


def _brought(entry: EntryPoint) -> Finding:
    found: Finding = entry.load()()
    return found


def abilities(findings: Iterable[Finding]) -> dict[str, bool]:
    """What can be done here: each sentence true or false. Only sentences whose probes all ran are told."""
    states = {finding.name: finding.state for finding in findings}
    return {
        sentence: all(states[name] is not State.MISSING for name in needed)
        for sentence, needed in ABILITIES.items()
        if states.keys() >= set(needed)
    }


def _python() -> Finding:
    says = f"Python {platform.python_version()} at {sys.executable}"
    if absent := [package for package in ("asyncpg", "fastapi", "uvicorn") if not find_spec(package)]:
        return Finding("python", State.MISSING, f"{says}, without {', '.join(absent)}", "Run: make setup")
    return Finding("python", State.READY, says)


def _git() -> Finding:
    tried = _run("git", "--version")
    if tried is None or tried.returncode:
        return Finding("git", State.MISSING, "git does not run; work/ needs it.", _install("git", "git"))
    version = tried.stdout.split()[2]
    if tuple(int(part) for part in version.split(".")[:2]) < GIT:
        return Finding(
            "git", State.LIMITED, f"git {version} is old: `course reset` needs 2.22.", _install("git", "git")
        )
    return Finding("git", State.READY, f"git {version}")


def _postgresql() -> Finding:
    from breakwater.engines.postgres import as_nobody, find_programs

    found = partial(Finding, "postgresql")
    try:
        program, before = find_programs() / "postgres", as_nobody()
    except EngineTrouble as trouble:
        return found(State.MISSING, str(trouble), "Run: make setup")
    tried = _run(*before, str(program), "--version")
    if tried is None or tried.returncode:
        return found(State.MISSING, f"{program} does not run: {_last_line(tried)}", _pg_remedy())
    return found(
        State.READY, f"{tried.stdout.strip().replace('postgres (PostgreSQL)', 'PostgreSQL')}, for the embedded engine"
    )


def _pg_remedy() -> str:
    if os.geteuid() == 0:
        return "PostgreSQL refuses to be root: run the course as an ordinary user, or allow user namespaces."
    return "Install PostgreSQL 17 and name the folder of its programs in BREAKWATER_PG_BIN."


def _sandbox() -> Finding:
    """Try what grading does: namespaces, and a bubblewrap with a user namespace inside them."""
    found = partial(Finding, "sandbox")
    if not sys.platform.startswith("linux"):
        return found(State.MISSING, "Grading needs Linux namespaces.", "Grade on Linux, or in a Linux machine or VM.")
    for tool, package in (("unshare", "util-linux"), ("bwrap", "bubblewrap")):
        if not shutil.which(tool):
            return found(State.MISSING, f"`{tool}` is not installed; grading needs it.", _install(package))
    as_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    outer = ["unshare", *as_user, "--net", "--pid", "--ipc", "--mount", "--mount-proc", "--fork", "--kill-child=KILL"]
    inner = ["bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    tried = _run(*outer, *inner)
    if tried is None or tried.returncode:
        return found(State.MISSING, f"Namespaces are refused here: {_last_line(tried)}", _userns_remedy())
    return found(State.READY, "Namespaces and bubblewrap work.")


def _userns_remedy() -> str:
    if _reads(USERNS) == "1":
        return (
            "Ubuntu's AppArmor forbids user namespaces. Allow them to bubblewrap and unshare with profiles in "
            "/etc/apparmor.d/ (`userns,`), or for all: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if _reads(OLD_USERNS) == "0":
        return "Allow user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    return "Inside a container, start it with the right to make namespaces; else grade on a machine that has them."


def _docker() -> Finding:
    found = partial(Finding, "docker")
    from breakwater.engines import composition, daemon, images

    try:
        client = daemon.connect(PROBE_S)
        version = client.version()["Version"]
        absent = images.missing(client, images.bases(asyncio.run(composition.read(paths.BOXOFFICE))))
    except EngineTrouble as trouble:
        says, _, remedy = str(trouble).partition(f" {daemon.WITHOUT}")
        return found(State.MISSING, says, f"{daemon.WITHOUT}{remedy}")
    says = f"Docker {version} with Compose {daemon.compose_version()}"
    if absent:
        more = "Fetch them: course images (without a registry: course images --offline)"
        return found(State.LIMITED, f"{says}, without the images {', '.join(absent)}", more)
    return found(State.READY, f"{says}, and the images of the shop")


def _languages() -> Finding:
    """Whether services can be built in other languages: that is done in images, and so needs these languages' bases."""
    found = partial(Finding, "languages")
    from breakwater.engines import daemon, description, images

    others = description.load(paths.BOXOFFICE).others
    what = ", ".join(str(folder.relative_to(paths.BOXOFFICE)) for folder in others)
    needed = [name for name in images.bases({"services": {}}, others) if name != images.SIDECAR_BASE]
    try:
        absent = images.missing(daemon.connect(PROBE_S), needed)
    except EngineTrouble:
        says = f"{what}: these run in containers alone, and Docker cannot be used."
        return found(State.MISSING, says, "See: course doctor docker")
    if absent:
        more = "Fetch them: course images --all (without a registry: course images --all --offline)"
        return found(State.LIMITED, f"{what}: without the images {', '.join(absent)}", more)
    return found(State.READY, f"{what}: the images from which they are built")


def _jupyterlab() -> Finding:
    if not find_spec("jupyterlab"):
        return Finding("jupyterlab", State.MISSING, "JupyterLab is not installed.", "Run: make start")
    from importlib.metadata import version

    return Finding("jupyterlab", State.READY, f"JupyterLab {version('jupyterlab')}")


def _memory() -> Finding:
    free = _free_memory()
    says = f"{free / GIB:.1f} GiB of memory free"
    if free < NEEDED_MEMORY:
        return Finding("memory", State.LIMITED, f"{says}; 1 GiB is wanted.", "Close what else is open.")
    return Finding("memory", State.READY, says)


def _free_memory() -> int:
    """What the machine has free, or less where a control group allows less."""
    lines = dict(line.split(":", 1) for line in _reads(Path("/proc/meminfo")).splitlines())
    available = lines.get("MemAvailable")
    free = int(available.split()[0]) * 1024 if available else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    groups = (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    )
    for limit, used in ((_reads(Path(limit)), _reads(Path(used))) for limit, used in groups):
        if limit.isdigit() and used.isdigit():
            free = min(free, int(limit) - int(used))
    return free


def _disk() -> Finding:
    where = next(folder for folder in (paths.work(), *paths.work().parents) if folder.exists())
    free = shutil.disk_usage(where).free
    says = f"{free / GIB:.1f} GiB free at {where}"
    if not os.access(where, os.W_OK):
        return Finding("disk", State.MISSING, f"{where} cannot be written.", "Name a folder in BREAKWATER_WORK.")
    if free < NEEDED_DISK:
        return Finding("disk", State.LIMITED, f"{says}; 1 GiB is wanted.", "Make room.")
    return Finding("disk", State.READY, says)


def _shared_memory() -> Finding:
    place = Path("/dev/shm")
    if not place.is_dir() or not os.access(place, os.W_OK):
        return Finding("shared-memory", State.LIMITED, "No /dev/shm: databases lie on disk, and start more slowly.")
    free = shutil.disk_usage(place).free
    says = f"{free / GIB:.2f} GiB free in /dev/shm"
    if free < GIB / 4:
        more = "In a container: start it with --shm-size=1g."
        return Finding("shared-memory", State.LIMITED, f"{says}: a class is graded more slowly.", more)
    return Finding("shared-memory", State.READY, says)


def _run(*command: str) -> "subprocess.CompletedProcess[str] | None":
    """Run a program briefly; None if it is not there or does not end in time."""
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PROBE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _last_line(tried: "subprocess.CompletedProcess[str] | None") -> str:
    if tried is None:
        return f"no answer within {PROBE_S:g} s."
    said = (tried.stderr.strip() or tried.stdout.strip() or f"exit status {tried.returncode}").splitlines()
    return said[-1].rstrip(".") + "."


def _reads(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _install(package: str, brew: str = "") -> str:
    return (
        f"Install it: brew install {brew}"
        if brew and sys.platform == "darwin"
        else f"Install it: apt install {package}"
    )


PROBES: dict[str, Callable[[], Finding]] = {
    "python": _python,
    "git": _git,
    "postgresql": _postgresql,
    "jupyterlab": _jupyterlab,
    "memory": _memory,
    "disk": _disk,
    "shared-memory": _shared_memory,
    "sandbox": _sandbox,
    "docker": _docker,
    "languages": _languages,
}
ABILITIES = {
    "Take the course: run the shop, break it, have it checked": ("python", "git", "postgresql", "disk"),
    "Read and run the lessons in JupyterLab": ("python", "jupyterlab"),
    "Grade a class": ("python", "git", "postgresql", "sandbox", "breakout", "disk"),
    "Run the shop in containers": ("docker",),
}
