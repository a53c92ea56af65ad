"""The walls around one learner-side service: a bubblewrap command line.

Inside are the system's programs, the interpreter, the virtual environment and the shop, all read-only, an empty
/tmp, and no other process. Not inside: the course, the state folder with the provider's controls, any other
service's environment. The network is shared, since that is how services reach each other.
"""

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from breakwater.engines.process import Program
from breakwater.errors import EngineTrouble

SHOP = Path("/shop")
"""Where a service in isolation sees the shop's folder."""

TMP_BYTES = 64 * 1024 * 1024
SCRATCH = ("/tmp", "/dev/shm")
SYSTEM_FILES = ("/etc/alternatives", "/etc/hosts", "/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf")
SYSTEM_FOLDERS = ("/bin", "/lib", "/lib32", "/lib64", "/sbin")


def isolated(program: Program, shop: Path) -> Program:
    """Return `program` so that it runs behind walls of its own. Raises EngineTrouble without bubblewrap."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise EngineTrouble("Isolation needs bubblewrap, and `bwrap` was not found: apt-get install bubblewrap")
    inside = SHOP / program.folder.relative_to(shop)
    walls = (*_namespaces(), *_system(), *_interpreter(), *_environment(program.environment))
    own = ("--ro-bind", str(shop), str(SHOP), "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(inside))
    return replace(
        program, command=(bwrap, *walls, *own, "--", *program.command), folder=Path("/"), environment=_of_bwrap()
    )


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
    for folder in SCRATCH:
        yield from ("--size", str(TMP_BYTES), "--tmpfs", folder)


def _interpreter() -> Iterator[str]:
    """The interpreter's own installation and the virtual environment, at the places where they are."""
    for folder in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not Path(folder).is_relative_to("/usr"):
            yield from ("--ro-bind", folder, folder)


def _environment(given: Mapping[str, str]) -> Iterator[str]:
    yield "--clearenv"
    own = {"HOME": "/tmp", "PATH": f"{sysconfig.get_path('scripts')}:/usr/bin:/bin"}
    for name, value in {**given, **own}.items():
        yield from ("--setenv", name, value)


def _of_bwrap() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath)}
