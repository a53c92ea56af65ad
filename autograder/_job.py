"""Process 1 of a job: starts the judge, watches what it and the learner's services use, and takes all along.

Run as `python -I -S _job.py` in fresh namespaces, with its task as one line of JSON on stdin; answers with one
object of JSON on stdout. Standard library only: it must be up in a few milliseconds. When stdin ends, whoever
asked is gone, and so are we; the kernel then kills every process of this namespace.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

sys.path.append(str(Path(__file__).parents[1]))  # nothing of ours is on it yet

from autograder.inside.interpreter import memory

EVERY_S = 0.02
EACH = 5  # turns between two looks at memory
KEPT = 8 << 20  # bytes of output


def main() -> None:
    task = json.loads(sys.stdin.buffer.readline())
    if task["sandboxed"]:
        if not task.get("network"):
            _loopback_up()
        _mount_tmpfs(task["scratch"], task["written"])
    _bound(task)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    began = time.monotonic()
    out, err = (Path(task["scratch"], name).open("w+b") for name in (".out", ".err"))  # noqa: SIM115 (to the end)
    process = subprocess.Popen(
        task["argv"],
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=err,
        cwd=task["scratch"],
        env=task["env"],
        start_new_session=True,
        preexec_fn=lambda: os.setpriority(os.PRIO_PROCESS, 0, 5),  # behind its watcher
    )
    _feed(process, task["stdin"])
    status, breach, most = _watch(process.pid, task, began)
    answer = {"status": status, "breach": breach, "processes": most, "seconds": round(time.monotonic() - began, 3)}
    sys.stdout.write(json.dumps(answer | {"output": _text(out), "errors": _text(err)}))
    sys.stdout.flush()
    if not task["sandboxed"]:
        _end_group(process.pid)
    os._exit(0)


def _watch(child: int, task: dict[str, Any], began: float) -> tuple[int | None, str, int]:
    """Wait for the child, reaping what is orphaned to us. Returns (status, breach, most processes at once)."""
    most = turns = 0
    while True:
        if (status := _reap(child)) is not None:
            return status, "", most
        if task["sandboxed"]:
            processes = memory.everybody()
            most, turns = max(most, len(processes)), turns + 1
            if len(processes) > task["processes"]:
                return None, f"more than {task['processes']} processes at once", most
            if turns % EACH == 0 and memory.is_more(processes, task["memory"]):
                return None, f"more than {task['memory'] >> 20} MB of memory", most
        if time.monotonic() - began > task["seconds"]:
            return None, f"no end after {task['seconds']:.0f} s", most
        if select.select([0], [], [], EVERY_S)[0] and not os.read(0, 1):
            if not task["sandboxed"]:
                _end_group(child)
            os._exit(1)


def _reap(child: int) -> int | None:
    """Collect whoever has ended; the child's exit status if it was among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        ask = struct.pack("16sh", b"lo", 0x1)  # IFF_UP
        fcntl.ioctl(any_socket, 0x8914, ask)  # SIOCSIFFLAGS


def _mount_tmpfs(folder: str, size: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    nosuid_nodev = 0x2 | 0x4
    if libc.mount(b"tmpfs", folder.encode(), b"tmpfs", nosuid_nodev, f"size={size},mode=0700".encode()):
        raise OSError(ctypes.get_errno(), f"no tmpfs at {folder}")


def _bound(task: dict[str, Any]) -> None:
    """Limits that the kernel holds for every process. Root's number of processes it does not: hence `_watch`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (task["written"], task["written"]))
    if task["sandboxed"]:
        most = task["processes"] * 10  # threads count here
        _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def _feed(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(text.encode())
        process.stdin.close()


def _text(file: BinaryIO) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - KEPT))
    return file.read().decode("utf-8", "replace")


def _end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
