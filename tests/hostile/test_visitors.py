"""A submitted locustfile, while it is graded, reaches the door of the instrumented shop and nothing else.

It tells what it got in the one way that it has: by what it asks for there.
"""

import os
import random
import re
import shutil
import socket
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from breakwater import paths
from breakwater.checks.job import CheckJob
from breakwater.checks.visitors import Visitors
from tests.waiting import until

pytestmark = [pytest.mark.hostile, pytest.mark.sandbox]

FILE = "visitors/locustfile.py"
ATTACKS = """
    import os, signal, socket, sys, time, urllib.parse, urllib.request
    from pathlib import Path

    URL = sys.argv[sys.argv.index("--host") + 1]

    def tell(what):
        try:
            urllib.request.urlopen(URL + "/" + urllib.parse.quote(what, safe=""), timeout=5).read()
        except OSError:
            pass

    def tried(name, attack):
        try:
            if found := attack():
                tell(f"GOT {{name}} {{str(found)[:80]}}")
        except Exception as error:
            tell(f"NOT {{name}} {{type(error).__name__}}")

    def connect(kind, address):
        with socket.socket(kind) as peer:
            peer.settimeout(1)
            peer.connect(address)
            return address

    def write(place):
        with open(place, "a") as file:
            return file.write("forged")

    def fill(folder):
        with open(folder + "/full", "wb") as file:
            for _ in range(200):
                file.write(b"0" * (1 << 20))
        return "200 MB"

    def strangers():
        family = (1, os.getpid(), os.getppid())
        return [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) not in family]

    tried("host", lambda: connect(socket.AF_INET, ("127.0.0.1", {port})))
    tried("world", lambda: connect(socket.AF_INET, ("1.1.1.1", 53)))
    tried("controls", lambda: connect(socket.AF_UNIX, {controls!r}))
    tried("abstract", lambda: connect(socket.AF_UNIX, "\\0" + {abstract!r}))
    tried("books", lambda: open({books!r}).read())
    tried("course", lambda: os.listdir({course!r} + "/labs"))
    tried("solutions", lambda: os.listdir({course!r} + "/solutions"))
    tried("environ", lambda: "SECRET" in os.environ)
    tried("strangers", strangers)
    tried("judge", lambda: [os.kill(pid, signal.SIGKILL) for pid in range(max(os.getpid(), 9) + 1, 400)])
    tried("root", lambda: os.setuid(0) is None)
    tried("shop", lambda: write("/shop/visitors/locustfile.py"))
    tried("package", lambda: write(os.__file__))
    tried("etc", lambda: write("/etc/x"))
    for folder in ("/tmp", "/dev/shm", ".", "/"):
        tried("disk", lambda: fill(folder))
    tell("DONE")
"""
CROWD = """
    import socket, sys, threading

    PORT = int(sys.argv[sys.argv.index("--host") + 1].rpartition(":")[2])
    LONG = b"GET /" + b"x" * 10_000_000

    def shout():
        with socket.create_connection(("127.0.0.1", PORT)) as peer:
            peer.sendall(LONG)

    threads = [threading.Thread(target=shout, daemon=True) for _ in range(100)]
    for thread in threads:
        thread.start()
    with socket.create_connection(("127.0.0.1", PORT)) as peer:
        peer.sendall(b"POST /holds HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 99999999999\\r\\n\\r\\n")
        for _ in range(1000):
            peer.sendall(b"0" * 100_000)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop" / "visitors").mkdir(parents=True)
    return tmp_path / "shop"


async def came(shop: Path, text: str, seconds: float) -> list[str]:
    """What a locustfile asked for, behind the walls of grading."""
    (shop / FILE).write_text(textwrap.dedent(text))
    visitors = Visitors(CheckJob("77-topic", shop, isolate=True), random.Random(1))
    arrivals = await visitors(FILE, users=1, seconds=seconds)
    return [unquote(request.path) for request in arrivals.requests]


@pytest.fixture
def listening() -> Iterator[dict[str, object]]:
    """What there is to be reached outside: a port, a control socket, an abstract one."""
    with (
        socket.create_server(("127.0.0.1", 0)) as port,
        socket.socket(socket.AF_UNIX) as controls,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        folder = Path("/tmp") / f"c-{random.getrandbits(40):x}"
        folder.mkdir()
        controls.bind(str(folder / "control.sock"))
        controls.listen()
        name = f"breakwater-{random.getrandbits(40):x}"
        abstract.bind("\0" + name)
        abstract.listen()
        (folder / "books.jsonl").write_text("{}")
        yield {
            "port": port.getsockname()[1],
            "controls": str(folder / "control.sock"),
            "abstract": name,
            "books": str(folder / "books.jsonl"),
            "course": str(paths.ROOT),
        }
        shutil.rmtree(folder)


async def test_a_locustfile_reaches_the_door_and_nothing_else(shop, listening, monkeypatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    told = await came(shop, ATTACKS.format(**listening), seconds=30.0)
    assert told[-1] == "/DONE"
    assert [line for line in told if "GOT" in line] == []
    assert {line.split()[1] for line in told[:-1]} >= {"host", "world", "controls", "books", "course", "shop", "disk"}
    assert (shop / FILE).read_text().endswith('tell("DONE")\n')


async def test_who_shouts_is_refused_and_leaves_nothing(shop) -> None:
    assert all(re.match(r"/holds|/x", path) for path in await came(shop, CROWD, seconds=5.0))
    until(lambda: not [pid for pid in os.listdir("/proc") if pid.isdigit() and str(shop) in _command(pid)])


def _command(pid: str) -> str:
    try:
        return Path("/proc", pid, "cmdline").read_text(errors="replace")
    except OSError:
        return ""
