"""What submitted code might try, to get out of where it runs. Its text is run in a jail, and as an ordinary program.

Each attempt returns whether it succeeded, as far as it can tell; it is given what there is to be had.
"""

import json
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path


def reads(canary: str, token: str) -> bool:
    return token in Path(canary).read_text()


def connects(port: int, token: str) -> bool:
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        return token in line.recv(100).decode()


def sees(token: str) -> bool:
    others = (name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid())
    return any(token in _text(Path("/proc", name, "cmdline")) for name in others)


def _text(file: Path) -> str:
    with suppress(OSError):
        return file.read_text(errors="replace")
    return ""


def writes(left: str) -> bool:
    """Whoever lets us try looks whether it is there."""
    os.makedirs(os.path.dirname(left), exist_ok=True)
    Path(left).write_text("")
    return True


def forks(most: int) -> bool:
    """More processes at once than `most`."""
    children: list[int] = []
    try:
        while len(children) <= most:
            if (pid := os.fork()) == 0:
                signal.pause()
            children.append(pid)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return True


def tried(given: dict[str, dict[str, object]]) -> str:
    """JSON: attempt → whether it succeeded."""
    found = {}
    for attempt, arguments in given.items():
        try:
            found[attempt] = globals()[attempt](**arguments)
        except OSError:
            found[attempt] = False
    return json.dumps(found)
