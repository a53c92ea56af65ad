"""An actor: what stands in a service's place while a composition is rehearsed. Runs in a container, as `actor.py`.

Without a word it plays: it says its name to whoever connects, and is well when there is a file `WELL`, which is never
there before it listens. A *job* ends when it is well. With a word it does one thing in the container, and says in JSON
what came of it.
"""

import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WELL = Path("/dev/shm/well")  # in memory, and so to be written whatever the composition says of the root
CONNECT_S = 1.5
POLL_S = 0.05
STEP = 4 << 20


class Greeting(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(json.dumps({"name": os.environ["ACTOR"], "host": socket.gethostname()}).encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def play() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    at_once = bool(os.environ.get("WELL_AT_ONCE"))
    if os.environ.get("JOB"):
        while not (at_once or WELL.exists()):
            time.sleep(POLL_S)
        return
    with Server(("0.0.0.0", int(os.environ["PORT"])), Greeting) as server:
        if at_once:
            WELL.touch()
        server.serve_forever()


def reach(host: str, port: str) -> dict[str, Any]:
    """Who answers at a name or address: `addresses` that the name has, and `answers`, by address."""
    try:
        found = socket.getaddrinfo(host, int(port), socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        return {"addresses": [], "answers": {}, "why": f"{error.strerror or error}"}
    addresses = sorted({str(address[0]) for *_, address in found})
    told = {address: _greeted(address, int(port)) for address in addresses}
    answers = {address: said for address, said in told.items() if isinstance(said, dict)}
    why = next((said for said in told.values() if isinstance(said, str)), "")
    return {"addresses": addresses, "answers": answers, "why": why}


def _greeted(address: str, port: int) -> Any:
    """What is said at an address; or, as text, why nothing is."""
    try:
        with socket.create_connection((address, port), timeout=CONNECT_S) as connection:
            said = connection.recv(4096)
        return json.loads(said or b"null") or "it said nothing"
    except (OSError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error)


def eat(megabytes: str) -> dict[str, Any]:
    """Take so much memory, and use it. Who is stopped on the way says nothing."""
    taken: list[bytes] = []
    while len(taken) * STEP < int(megabytes) << 20:
        taken.append(b"\x01" * STEP)
    return {"ate_mb": len(taken) * STEP >> 20}


def fork(count: str) -> dict[str, Any]:
    """Start so many processes, and say how many there were when no more could be started."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        while len(started) < int(count):
            started.append(subprocess.Popen(["sleep", "60"]))
    except OSError:
        pass
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()
    return {"started": len(started)}


ACTS: dict[str, Callable[..., dict[str, Any]]] = {"reach": reach, "eat": eat, "fork": fork}

if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(ACTS[sys.argv[1]](*sys.argv[2:])))
    else:
        play()
