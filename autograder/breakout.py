"""`course doctor breakout`: prove the sandbox by trying to break out of it, as submitted code might.

Each attempt must fail in a jail, and succeed outside, on this machine, in the same minute: an attempt that fails
everywhere proves nothing.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from autograder import sandbox
from breakwater import paths
from breakwater.doctor import Finding, State
from breakwater.errors import CourseError

ATTEMPTS = Path(__file__).with_name("_attempts.py")
SAYS = {
    "reads": "read a file of yours",
    "writes": "write a file of yours",
    "connects": "reach a port of this machine",
    "sees": "see another process",
    "forks": "start more processes than it may",
}
PATIENCE_S = 20.0
Given = Mapping[str, Mapping[str, Any]]


def probe() -> Finding:
    """What came of it."""
    if reason := sandbox.why_not():
        return Finding("breakout", State.MISSING, f"There is no sandbox to break out of: {reason}.", "See: sandbox")
    try:
        with _bait() as given:
            inside = _seen(given, _inside)
            outside = _seen(given, _outside)
    except (CourseError, OSError, ValueError, subprocess.SubprocessError) as error:
        return Finding("breakout", State.MISSING, f"Nothing could be tried: {error}", "Run: make setup")
    return judged(inside, outside)


def judged(inside: Mapping[str, bool], outside: Mapping[str, bool]) -> Finding:
    """The finding, from which attempts succeeded where."""
    if escaped := [says for attempt, says in SAYS.items() if inside[attempt]]:
        remedy = "Do not grade on this machine, and tell the maintainers."
        return Finding("breakout", State.MISSING, f"Submitted code could {', '.join(escaped)}.", remedy)
    if dead := [says for attempt, says in SAYS.items() if not outside[attempt]]:
        says = f"Submitted code did not get out, but some of it nobody could do here: {', '.join(dead)}."
        return Finding("breakout", State.LIMITED, says)
    tried = f"Submitted code tried in vain to {', '.join(SAYS.values())}; outside, all of it works."
    return Finding("breakout", State.READY, tried)


@contextmanager
def _bait() -> Iterator[Given]:
    """Yield what each attempt is given: all of it is there to be had, for whoever is outside."""
    from autograder.notebooks.execution import Limits

    token = secrets.token_hex(8)
    home = Path.home() if os.access(Path.home(), os.W_OK) else paths.state()
    home.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".breakwater-", dir=home)))
        (folder / "canary").write_text(token)
        server = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        threading.Thread(target=_answer, args=(server, token), daemon=True).start()
        waiting = stack.enter_context(
            subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()", token], stdin=subprocess.PIPE)
        )
        stack.callback(waiting.kill)
        yield {
            "reads": {"canary": str(folder / "canary"), "token": token},
            "writes": {"left": str(folder / "left" / token)},
            "connects": {"port": server.getsockname()[1], "token": token},
            "sees": {"token": token},
            "forks": {"most": Limits().processes},
        }


def _answer(server: socket.socket, token: str) -> None:
    while True:
        try:
            caller, _ = server.accept()
        except OSError:
            return  # closed
        with caller:
            caller.sendall(token.encode())


def _seen(given: Given, run: Callable[[str], str]) -> dict[str, bool]:
    """Which attempts succeeded where `run` runs them. Whether something was written is seen here."""
    told: dict[str, bool] = json.loads(run(f"{ATTEMPTS.read_text()}\nprint(tried({given!r}))"))
    return told | {"writes": Path(given["writes"]["left"]).exists()}


def _inside(code: str) -> str:
    """What a notebook of this one cell prints."""
    from nbformat.v4 import new_code_cell, new_notebook

    from autograder.notebooks.execution import Interpreter

    with tempfile.TemporaryDirectory(prefix="doctor-") as folder, Interpreter(()) as interpreter:
        [cell] = interpreter.run(new_notebook(cells=[new_code_cell(code)]), Path(folder)).cells
    return "".join(output.get("text", "") for output in cell.outputs)


def _outside(code: str) -> str:
    command = [sys.executable, "-I", "-S", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
