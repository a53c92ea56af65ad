"""The walls around one learner-side service: a bubblewrap command line.

Inside are the system's programs, the interpreter, the virtual environment and the shop, all read-only, an empty
/tmp, and no other process. Not inside: the course, the state folder with the provider's controls, any other
service's environment. The network is shared, since that is how services reach each other.
"""

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from breakwater.engines import forkserver
from breakwater.engines.process import Program
from breakwater.errors import EngineTrouble

SHOP = Path("/shop")
"""Where a service in isolation sees the shop's folder."""

FORKSERVER = "/run/forkserver.py"
TMP_BYTES = 64 * 1024 * 1024
SYSTEM_FILES = ("/etc/alternatives", "/etc/hosts", "/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf")
SYSTEM_FOLDERS = ("/bin", "/lib", "/lib32", "/lib64", "/sbin")


def isolated(program: Program, shop: Path) -> Program:
    """Return `program` so that it runs behind walls of its own. Raises EngineTrouble without bubblewrap."""
    seen = inside(program, shop)
    # By option: a learner's LD_PRELOAD in the environment of bubblewrap itself would be outside the walls.
    settings = [word for name, value in seen.environment.items() for word in ("--setenv", name, value)]
    command = (*walls(shop, *settings, "--chdir", str(seen.folder)), *program.command)
    return replace(seen, command=command, folder=Path("/"), environment={"PATH": os.defpath}, walls="")


def inside(program: Program, shop: Path) -> Program:
    """Return `program` as it is seen from behind the walls: its folder and environment there."""
    own = {"HOME": "/tmp", "PATH": f"{sysconfig.get_path('scripts')}:/usr/bin:/bin"}
    folder = SHOP / program.folder.relative_to(shop)
    return replace(program, folder=folder, environment={**program.environment, **own})


def walls(shop: Path, *more: str, init: bool = False) -> tuple[str, ...]:
    """Return a command line that runs the command after it behind walls; with `init`, as their first process.

    Raises EngineTrouble without bubblewrap.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise EngineTrouble("Isolation needs bubblewrap, and `bwrap` was not found: apt-get install bubblewrap")
    files = ("--ro-bind", str(shop), str(SHOP), "--ro-bind", str(forkserver.__file__), FORKSERVER)
    sealed = ("--remount-ro", "/dev", "--remount-ro", "/", "--clearenv")
    first = ("--as-pid-1",) if init else ()
    return (bwrap, *_namespaces(), *_system(), *_interpreter(), *files, *sealed, *first, *more, "--")


def _namespaces() -> Iterator[str]:
    yield from ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--uid", "65534", "--gid", "65534", "--hostname", "shop")
    yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL")


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for folder in SYSTEM_FOLDERS:
        if os.path.islink(folder):
            yield from ("--symlink", os.readlink(folder), folder)
        elif os.path.isdir(folder):
            yield from ("--ro-bind", folder, folder)
    for file in SYSTEM_FILES:
        yield from ("--ro-bind-try", file, file)
    yield from ("--proc", "/proc", "--dev", "/dev")
    for folder in forkserver.SCRATCH:
        yield from ("--size", str(TMP_BYTES), "--tmpfs", folder)


def _interpreter() -> Iterator[str]:
    """The interpreter's own installation and the virtual environment, at the places where they are."""
    for folder in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not Path(folder).is_relative_to("/usr"):
            yield from ("--ro-bind", folder, folder)
