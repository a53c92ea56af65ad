"""The sandbox: what runs a submission runs in here, or not at all.

Two shapes. A *job* (`run_in_job`) holds one judging from end to end: judge, databases, provider, and the learner's
services as the inner side; namespaces of its own for processes, network, mounts and IPC, a private tmpfs for
everything that it writes, and a watcher that is its process 1 (`_job.py`). A *cell* (see `confined`) wraps a warm
process, whose forks run notebooks, each in a jail of its own, and whatever reads or unpacks what was handed in.

A job's process 1 dies when this process does, and with it the kernel ends everything in its namespace: neither
`kill -9` nor a fork bomb leaves anything behind.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from breakwater.errors import CourseError, EngineTrouble

UNSANDBOXED = "BREAKWATER_UNSANDBOXED"
WATCHER = Path(__file__).with_name("_job.py")
GRACE_S = 30.0


class NoSandbox(CourseError):
    """This machine cannot confine a submission, so nothing is judged."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"No sandbox, no grading: {reason}. What to do about it: course doctor. "
            "With --unsandboxed, submitted code can read, change and send away whatever you can."
        )


@dataclass(frozen=True)
class Limits:
    """What a job may use: seconds of wall clock, processes at once, resident and written memory in bytes."""

    seconds: float = 420.0
    processes: int = 300
    memory: int = 6 << 30
    written: int = 2 << 30


@dataclass(frozen=True)
class JobResult:
    """How a job ended.

    `breach` says in one line which limit it broke (empty if none); `status` is the program's exit status (None if
    it was ended); `output` and `errors` are what it printed; `processes` is the most that were alive at once.
    """

    status: int | None
    output: str
    errors: str
    breach: str
    seconds: float
    processes: int


def is_unsandboxed() -> bool:
    """Whether the instructor has said, with `--unsandboxed`, to judge without any of this."""
    return bool(os.environ.get(UNSANDBOXED))


def require() -> None:
    """Raise NoSandbox, with the reason, unless a job can be had here (or the instructor does without)."""
    if is_unsandboxed():
        return
    if reason := why_not():
        raise NoSandbox(reason)


def why_not() -> str:
    """Why this machine has no sandbox, in a few words; empty if it has one."""
    if not sys.platform.startswith("linux"):
        return f"it needs Linux namespaces, and this is {sys.platform}"
    for tool, package in (("unshare", "util-linux"), ("setpriv", "util-linux"), ("bwrap", "bubblewrap")):
        if not shutil.which(tool):
            return f"`{tool}` is not installed (Debian, Ubuntu: apt install {package})"
    return _refused(os.environ.get("PATH", ""))


@cache
def _refused(path: str) -> str:
    """Why namespaces are refused here to the programs on `path`. Once: trying takes as long as running a notebook."""
    inner = ["bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    tried = subprocess.run(_namespaces(inner), capture_output=True, text=True, check=False)
    said = tried.stderr.strip().splitlines() or [f"exit status {tried.returncode}"]
    return "" if tried.returncode == 0 else said[-1].rstrip(".")


def run_in_job(
    argv: Sequence[str],
    *,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    network: bool = False,
) -> JobResult:
    """Run a program of ours, and all that it starts, confined and bounded; return when nothing of it is left.

    `env` is the whole environment beside PATH, LANG, and HOME, TMPDIR and BREAKWATER_STATE, the job's own tmpfs. With
    `network` it has this machine's: only for a program that runs nothing of a submission.

    Raises:
        EngineTrouble: the job ended without a word of its watcher.
    """
    limits = limits or Limits()
    sandboxed = not is_unsandboxed()
    with _scratch(sandboxed) as scratch:
        command = [sys.executable, "-I", "-S", str(WATCHER)]
        told = {
            "argv": list(argv),
            "stdin": stdin,
            "env": {"PATH": path(), "LANG": "C.UTF-8", "HOME": scratch, "TMPDIR": scratch}
            | {"BREAKWATER_STATE": scratch, **(env or {})},
            "scratch": scratch,
            "sandboxed": sandboxed,
            "network": network,
            **asdict(limits),
        }
        command = _namespaces(command, network=network) if sandboxed else command
        said, errors = _converse(command, told, limits.seconds + GRACE_S)
    if not said:
        raise EngineTrouble(
            f"The job ended without an answer: {(errors.strip().splitlines() or ['no reason given'])[-1]}"
        )
    return JobResult(**json.loads(said))


def _converse(command: list[str], told: dict[str, object], patience_s: float) -> tuple[str, str]:
    """Tell the watcher its task, and return what it answered. Its stdin stays open: when we die, it sees the end."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdin
        assert process.stdout
        ending = threading.Timer(patience_s, process.kill)
        ending.start()
        try:
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
            answer = process.stdout.read()
        except BrokenPipeError:
            answer = ""
        finally:
            ending.cancel()
            process.kill()
            process.wait()
            process.stdout.close()
        errors.seek(0)
        return answer, errors.read()


def _namespaces(command: Sequence[str], *, network: bool = False) -> list[str]:
    """The command as process 1 of new namespaces. Root needs no user namespace for them; everybody else does.

    With `network` that of the network is not new.
    """
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    own_net = [] if network else ["--net"]
    return [
        *("unshare", *as_root, *own_net, "--pid", "--ipc", "--mount", "--uts"),
        *("--mount-proc", "--fork", "--kill-child=KILL", *command),
    ]


def path() -> str:
    """The PATH of what runs in a sandbox."""
    return f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


class _scratch:
    """The folder that a job writes in. In the sandbox each job mounts a tmpfs of its own over one empty folder, so
    that nothing has to be cleaned up, whatever happens; without it, a temporary folder."""

    def __init__(self, sandboxed: bool) -> None:
        self.sandboxed = sandboxed

    def __enter__(self) -> str:
        if not self.sandboxed:
            self.folder = tempfile.mkdtemp(prefix="bw-")
            return self.folder
        folder = Path(tempfile.gettempdir()) / f"breakwater-job-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return str(folder)

    def __exit__(self, *exc: object) -> None:
        if not self.sandboxed:
            shutil.rmtree(self.folder, ignore_errors=True)
