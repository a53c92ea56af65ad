"""The jail of one learner's process (Linux).

The warm process sits in a cell that bubblewrap made: the system, the interpreter and the libraries are there,
read-only, and nothing of the course's. A fork of it needs only what is to be its own: namespaces for processes, mounts,
network, IPC and host name, empty folders to write in, limits, and, where root grades, a user. It is process 1 of its
namespace: when it ends, the kernel ends all that it started.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import socket
import stat
import struct
import sys
from pathlib import Path
from typing import Any

from . import forks, seccomp

FIRST_USER = 60000  # isolate, of the International Olympiad in Informatics, starts there too
NEW_MOUNTS, NEW_NAME, NEW_IPC, NEW_NETWORK = 0x20000, 0x4000000, 0x8000000, 0x40000000
NEW_USERS, NEW_PIDS = 0x10000000, 0x20000000
NO_SUID, NO_DEVICES, BIND, RECURSIVE, PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 1 << 18
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CAPABILITIES = range(64)
CAPABILITY_VERSION = 0x20080522
UP = 0x1, 0x8914  # IFF_UP, SIOCSIFFLAGS
MOST_FILES = 2000
BEHIND = 5  # of whom the conductor is first in line for a processor, so that it can end this one
SUBMISSION = "/submission"
SCRATCH = ("/tmp", "/dev/shm")

_libc: Any = ctypes.CDLL(None, use_errno=True)


class Jail:
    """Makes children that are process 1 of a namespace, and confines them."""

    def __init__(self) -> None:
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._has_users = int(Path("/proc/self/uid_map").read_text().split()[2]) > FIRST_USER

    def fork(self) -> int:
        """As `os.fork`; the child is process 1 of a new namespace, and runs no code of a learner's yet."""
        _hold(_libc.unshare(NEW_PIDS), "no namespace for processes")
        pid = 1
        try:
            pid = os.fork()
        finally:
            if pid and _libc.setns(self._own, NEW_PIDS):
                os._exit(1)  # without a way back there is no other fork
        return pid

    def enter(self, slot: int, folder: int, place: str, limits: dict[str, int]) -> None:
        """Confine this process, with a copy of what lies in `folder`, a descriptor, in its working folder `place`.

        Raises OSError where the machine does not allow it: then nothing of a learner's may run.
        """
        user = FIRST_USER + slot if self._has_users else 0
        os.close(self._own)
        _hold(_libc.unshare(NEW_MOUNTS | NEW_NAME | NEW_IPC | NEW_NETWORK), "no namespaces")
        _mount("none", "/", "", RECURSIVE | PRIVATE, "")
        _mount("proc", "/proc", "proc", NO_SUID | NO_DEVICES, "")
        _mount("devpts", "/dev/pts", "devpts", NO_SUID, "newinstance,ptmxmode=0666,mode=0620")
        libraries = {prefix: os.open(prefix, os.O_PATH) for prefix in (sys.base_prefix, sys.prefix)}
        for scratch in (*SCRATCH, SUBMISSION):
            mode = "0755" if scratch == SUBMISSION else "1777"
            _mount("tmpfs", scratch, "tmpfs", NO_SUID | NO_DEVICES, f"mode={mode},size={limits['written']}")
        for prefix, opened in libraries.items():
            if not os.path.exists(prefix):  # it is in a folder of ours, which is covered now
                os.makedirs(prefix)
                _mount(f"/proc/self/fd/{opened}", prefix, "", BIND, "")
            os.close(opened)
        _loopback_up()
        os.makedirs(SUBMISSION + place)
        copy(folder, SUBMISSION + place, limits["written"], user)
        os.chdir(SUBMISSION + place)
        bound(limits)
        forks.prctl(forks.PR_SET_DUMPABLE, 1)  # its /proc is its own again
        _become(user)
        _drop()
        seccomp.restrict()


def clear() -> None:
    """End every process of this jail but the first, which we are."""
    assert os.getpid() == 1
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        while True:  # until nobody is left who could have forked meanwhile
            os.kill(-1, signal.SIGKILL)
            os.waitpid(-1, 0)


def bound(limits: dict[str, int]) -> None:
    """Set what the kernel holds for every process: this one, and all that it starts."""
    for what, most in {
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_FSIZE: limits["written"],
        resource.RLIMIT_CPU: limits["seconds"],
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_CORE: 0,
    }.items():
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # where the machine runs out of memory, this goes first
    os.nice(BEHIND)


def copy(folder: int, to: str, most: int, user: int) -> None:
    """Copy regular files and folders, no links, for `user`; no more of them than MOST_FILES, and `most` bytes."""
    left = [MOST_FILES, most]

    def copied(source: int, target: str) -> None:
        for entry in sorted(os.listdir(source)):
            left[0] -= 1
            if left[0] < 0:
                return
            opened = _opened(entry, source)
            if opened is None:
                continue
            try:
                if stat.S_ISDIR(os.fstat(opened).st_mode):
                    os.mkdir(f"{target}/{entry}")
                    copied(opened, f"{target}/{entry}")
                else:
                    left[1] -= os.fstat(opened).st_size
                    if left[1] >= 0:
                        _write(opened, f"{target}/{entry}", user)
            finally:
                os.close(opened)
        os.chown(target, user, user)

    copied(folder, to)


def _opened(name: str, folder: int) -> int | None:
    """A descriptor of a regular file or a folder; None of anything else."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        opened = os.open(name, flags, dir_fd=folder)
    except OSError:
        return None
    mode = os.fstat(opened).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return opened
    os.close(opened)
    return None


def _write(source: int, place: str, user: int) -> None:
    target = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with contextlib.suppress(OSError):  # it is full
            while os.sendfile(target, source, None, 1 << 20):
                pass
        os.fchown(target, user, user)
    finally:
        os.close(target)


def _become(user: int) -> None:
    """Become `user`; where there is none but 0, which is whoever grades, be called another at least."""
    if user:
        _narrow()
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    else:
        _hold(_libc.unshare(NEW_USERS), "no namespace for users")
        for file, text in (("setgroups", "deny"), ("uid_map", f"{FIRST_USER} 0 1"), ("gid_map", f"{FIRST_USER} 0 1")):
            Path("/proc/self", file).write_text(text)
        _narrow()
    forks.prctl(forks.PR_SET_DUMPABLE, 1)  # a change of user undoes both
    forks.prctl(forks.PR_SET_PDEATHSIG, signal.SIGKILL)


def _narrow() -> None:
    for capability in CAPABILITIES:
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def _drop() -> None:
    """Be able to do what any user can, and never more."""
    head, none = struct.pack("Ii", CAPABILITY_VERSION, 0), bytes(24)
    _hold(_libc.capset(head, none), "capabilities stay")
    _hold(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "privileges can be gained")


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, UP[1], struct.pack("16sh", b"lo", UP[0]))


def _mount(what: str, where: str, kind: str, flags: int, options: str) -> None:
    words = (what.encode(), where.encode(), kind.encode(), flags, options.encode())
    _hold(_libc.mount(*words), f"no {kind} at {where}")


def _hold(failed: int, what: str) -> None:
    if failed:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
