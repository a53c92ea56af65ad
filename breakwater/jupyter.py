"""JupyterLab for a learner: on this machine only, with `work/` as its root, open on the module.

It runs as a child of the command and ends with it, however that ends. Settings and logs of it stay in
`work/.course/`; a person's own Jupyter configuration takes no part.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import urlopen

from breakwater import paths, progress, syllabus, workspace
from breakwater.engines.process import LINUX, die_with_parent, tail
from breakwater.errors import BadInput, EngineTrouble

HOST = "127.0.0.1"
FIRST_PORT = 8888
PORTS = 50
STARTS_WITHIN_S = 90.0
STOPS_WITHIN_S = 10.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Page:
    """Where JupyterLab is to be opened: the whole address, token and all, and the server's process id."""

    url: str
    pid: int


def page_of(module: syllabus.Module | None) -> str:
    """The path, below `work/`, that a learner sees first: the module's first lesson, or its folder."""
    if module is None:
        return ""
    notebooks = sorted((paths.work() / module.id).glob("*.ipynb"), key=lambda file: (file.stem == "lab", file.name))
    return f"{module.id}/{notebooks[0].name}" if notebooks else module.id


def serve(name: str | None, *, port: int | None, browser: bool, announce: Callable[[Page], None]) -> None:
    """Start JupyterLab on a module (default: the first that is built and not finished); return when it has ended.

    `port` None takes the first free one from 8888 on. `announce` is called once, when a browser can open the page.
    SIGINT and SIGTERM end it.

    Raises:
        BadInput: no such module, or the port is taken.
        EngineTrouble: JupyterLab did not start; the message names its log.
    """
    module = syllabus.load().find_built(name) if name else progress.next_module()
    _port_is_free(port)
    work = workspace.hand_out(module.id) if module else workspace.ensure()
    with _ended_by_signals(), _server(work, port) as server:
        page = Page(_address(server, work, page_of(module)), server.pid)
        announce(page)
        if browser and _has_a_screen():
            webbrowser.open(page.url)
        server.wait()
        raise EngineTrouble(f"JupyterLab ended by itself (status {server.returncode}); its log: {_log(work)}")


class _Ended(BaseException):
    """A signal asked for the end."""


def _end(number: int, frame: FrameType | None) -> NoReturn:
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)  # one request is enough; what follows must run to its end
    raise _Ended


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    before = {number: signal.signal(number, _end) for number in ENDING}
    try:
        yield
    except _Ended:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _server(work: Path, port: int | None) -> Iterator["subprocess.Popen[bytes]"]:
    """The running server, stopped at the end whatever happens. It has a session of its own: Ctrl-C is for us."""
    log = _log(work)
    log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    with log.open("wb") as output:
        server = subprocess.Popen(
            _command(work, port),
            cwd=work,
            env=_environment(work),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=(lambda: die_with_parent(parent, signal.SIGTERM)) if LINUX else None,
        )
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _command(work: Path, port: int | None) -> list[str]:
    options = {
        "ServerApp.ip": HOST,
        "ServerApp.port": port or FIRST_PORT,
        "ServerApp.port_retries": 0 if port else PORTS,
        "ServerApp.root_dir": work,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": os.geteuid() == 0,
        "ServerApp.use_redirect_file": False,
        "LabApp.extension_manager": "readonly",
        "LabApp.news_url": None,
    }
    return [sys.executable, "-m", "jupyterlab", *(f"--{key}={value}" for key, value in options.items())]


def _environment(work: Path) -> dict[str, str]:
    own = work / ".course" / "jupyter"
    return os.environ | {
        "JUPYTER_CONFIG_DIR": str(own),
        "JUPYTER_CONFIG_PATH": str(Path(__file__).parent / "jupyter_config"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        # So that `course` is there in JupyterLab's terminals, and in cells that call it.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def _has_a_screen() -> bool:
    """Without one, `webbrowser` would open a text browser in this very terminal."""
    return not LINUX or bool({"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & os.environ.keys())


def _log(work: Path) -> Path:
    return work / ".course" / "jupyter.log"


def _port_is_free(port: int | None) -> None:
    if port is None:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise BadInput(f"Port {port} is taken by another program. Leave out --port to take a free one.") from None


def _address(server: "subprocess.Popen[bytes]", work: Path, page: str) -> str:
    """Wait until the server answers and return the page's address."""
    written = work / ".course" / "jupyter" / "runtime" / f"jpserver-{server.pid}.json"
    give_up_at = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < give_up_at and server.poll() is None:
        if written.exists() and (known := _parsed(written)) and _answers(known["url"]):
            return f"{known['url']}lab/tree/{quote(page)}?token={known['token']}"
        time.sleep(0.1)
    last = (tail(_log(work), 1) or ("it said nothing",))[0]
    raise EngineTrouble(f"JupyterLab did not start: {last.strip()} (the whole log: {_log(work)})")


def _parsed(file: Path) -> dict[str, str] | None:
    try:
        known: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:  # half written
        return None
    return known


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}api", timeout=5) as answer:
            return bool(answer.status == 200)
    except HTTPError:
        return True
    except (URLError, OSError):
        return False
