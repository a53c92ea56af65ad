"""Runs one program of a learner's and leaves nothing of it behind: `python -I -c KEEPER SOCKET COMMAND…`.

It is given to the interpreter as text and needs nothing but the standard library, since behind walls the course is
not there. First it opens a port on loopback, and hands that out over the Unix socket SOCKET: where the walls have a
network of their own, it is the only thing there that can be reached. `{port}` in the command is its number.

At SIGTERM, and when its parent dies, it ends whatever the program started, daemons too (Linux; elsewhere, the
program's process group).
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
BACKLOG = 256
prctl: Any = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: 0


def main() -> None:
    signal.signal(signal.SIGTERM, stop)
    prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    port = hand_out(int(sys.argv[1]))
    command = [word.replace("{port}", str(port)) for word in sys.argv[2:]]
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        status = program.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        end_children()
    sys.exit(status if status >= 0 else 128 - status)


def stop(number: int, _: object) -> NoReturn:
    """Go to the end, once: a parent with several threads dies several times, and each time we are told."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def hand_out(descriptor: int) -> int:
    """Open a port, pass it on over the socket of this descriptor, and return its number."""
    with (
        socket.socket(fileno=descriptor) as channel,
        socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as door,
    ):
        socket.send_fds(channel, [b"."], [door.fileno()])
        return int(door.getsockname()[1])


def end_children() -> None:
    """End every child, and those that come to us as theirs end."""
    children = f"/proc/self/task/{os.getpid()}/children"
    while os.path.exists(children):
        with open(children, encoding="ascii") as file:
            pids = file.read().split()
        if not pids:
            return
        for pid in map(int, pids):
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
