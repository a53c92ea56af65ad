"""Cells of the sandbox: a program sees the system, the interpreter and the venv, read-only, and nothing of a class.

Made by bubblewrap, which starts a new program: what is warm has to become so in there.
"""

import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from autograder import sandbox

INSIDE = Path(__file__).with_name("inside")
SEEN = Path("/opt/course")  # where what lies there is, in a cell
# What it takes to make jails (see `inside/interpreter/jail.py`); none of it is left to what runs in one.
JAILERS = (
    "SYS_ADMIN",
    "NET_ADMIN",
    "SETUID",
    "SETGID",
    "SETPCAP",
    "SETFCAP",
    "CHOWN",
    "DAC_READ_SEARCH",
    "KILL",
    "SYS_PTRACE",
)


def start(
    argv: Sequence[str], env: Mapping[str, str], *sockets: socket.socket, keeps: Sequence[str] = ()
) -> "subprocess.Popen[bytes]":
    """Start a program of `inside/` in a cell, with these sockets, and capabilities that it `keeps`.

    Where the instructor does without a sandbox, it is started as any program.
    """
    is_open = sandbox.is_unsandboxed()
    env = {"PYTHONPATH": str(INSIDE if is_open else SEEN), "PYTHONDONTWRITEBYTECODE": "1", **env}
    return start_outside(argv if is_open else _command(argv, env, keeps), env, *sockets)


def run(
    argv: Sequence[str],
    *,
    sees: Mapping[Path, str],
    writes: tuple[Path, str],
    limits: sandbox.Limits,
    most: int = 1 << 16,
) -> str:
    """Run a program to its end in a cell that sees these files and folders at these places, and writes into one.

    Returns what it printed, of which no more than `most` bytes count; nothing if it broke a limit.
    """
    mounts = [part for file, place in sees.items() for part in ("--ro-bind", str(file), place)]
    mounts += ["--bind", str(writes[0]), writes[1], "--die-with-parent"]
    bounds = {"AS": limits.memory, "CPU": int(limits.seconds), "FSIZE": limits.written, "CORE": 0}

    def bound() -> None:
        for what, limit in bounds.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{what}"), (limit, limit))

    with tempfile.TemporaryFile() as said:
        command = _command(argv, {"PYTHONDONTWRITEBYTECODE": "1"}, mounts=mounts)
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.DEVNULL,
                preexec_fn=bound,
                timeout=limits.seconds,
                check=False,
            )
        said.seek(0)
        return said.read(most).decode("utf-8", "replace")


def start_outside(command: Sequence[str], env: Mapping[str, str], *sockets: socket.socket) -> "subprocess.Popen[bytes]":
    """Start a program of ours that is told all by these sockets, in no cell."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[each.fileno() for each in sockets],
        env=os.environ | env,
        start_new_session=True,
    )


def _command(
    argv: Sequence[str], env: Mapping[str, str], keeps: Sequence[str] = (), mounts: Sequence[str] = ()
) -> list[str]:
    """Return the command that runs a program in a cell: it sees the system, the interpreter, the venv and what lies in
    `inside/`, all read-only, an empty /tmp, and no network."""
    root = os.geteuid() == 0
    user = [] if root else ["--unshare-user", "--uid", "0", "--gid", "0"]  # root there: whoever grades, here
    env = {"PATH": sandbox.path(), "HOME": "/tmp", "LANG": "C.UTF-8", "USER": "learner", **env}
    return [
        *("bwrap", *user, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--hostname", "notebook", "--new-session", "--clearenv", "--cap-drop", "ALL"),
        *(part for capability in keeps for part in ("--cap-add", f"CAP_{capability}")),
        # First, so that a course that lies under /tmp is not hidden.
        *("--perms", "1777", "--tmpfs", "/tmp"),
        *_system(),
        *("--proc", "/proc", "--dev", "/dev", "--perms", "0755", "--dir", "/submission"),
        *mounts,
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *(part for key, value in env.items() for part in ("--setenv", key, value)),
        *("--chdir", "/", "--", *argv),
    ]


def _system() -> Iterator[str]:
    """Mounts that every program needs: /usr, the interpreter, the venv, and a course package without the course."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("lib", "lib32", "lib64", "bin", "sbin"):
        top = Path("/", name)
        if top.is_symlink():
            yield from ("--symlink", os.readlink(top), str(top))
        elif top.exists():
            yield from ("--ro-bind", str(top), str(top))
    for file in ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives", "/etc/fonts"):
        yield from ("--ro-bind-try", file, file)
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not Path(prefix).is_relative_to("/usr"):
            yield from _at(Path(prefix), "--ro-bind")
    yield from ("--perms", "0755", "--dir", "/opt", "--ro-bind", str(INSIDE), str(SEEN))


def _at(folder: Path, how: str) -> Iterator[str]:
    """Mount a folder at its own path. Its parents are made open: the real ones may be closed to the learner's user."""
    for parent in reversed(folder.parents[:-1]):
        yield from ("--perms", "0755", "--dir", str(parent))
    yield from (how, str(folder), str(folder))
