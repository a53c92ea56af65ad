"""`kill -9` at ten moments of a shop's life: nothing is orphaned, no fault stays, and the next command works.

What dies and when is drawn; another BREAKWATER_SEED draws others. Moments are parts of the time that a phase takes.
"""

import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from breakwater import paths
from breakwater.cli.shop import open_shop
from breakwater.engines import ShopSpec, forkserver, state
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.faults import Fault
from breakwater.faults.hang import Hang
from breakwater.faults.kill import Kill
from breakwater.faults.pause import Pause
from tests.processes import is_supervisor, lives, processes_of
from tests.waiting import until

pytestmark = pytest.mark.shop

SEED = os.environ.get("BREAKWATER_SEED", "ten moments")
MOMENTS = 10
PHASES = ("up", "fault", "reset", "down")
VICTIMS = ("supervisor", "fork server", "service", "PostgreSQL", "shell")
FAULTS = (Hang("front", "back"), Pause("back"), Kill("teller"))
SERVICES = ("front", "back", "provider")

LIFE = """
import json, sys
from pathlib import Path
from breakwater.cli.shop import open_shop
from breakwater.faults import Fault

folder, phase, fault = Path(sys.argv[1]), sys.argv[2], Fault.from_json(json.loads(sys.argv[3]))
engine = open_shop("embedded", folder)
if phase != "up":
    engine.up()
print("now", flush=True)
if phase == "fault":
    with engine.inject(fault):
        sys.stdin.read()
else:
    getattr(engine, phase)()
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Death:
    """What dies, in which phase, after which part of the time that the phase takes; under which fault."""

    phase: str
    victim: str
    part: float
    service: str
    fault: Fault

    def __str__(self) -> str:
        under = f" ({self.fault.began})" if self.phase == "fault" else ""
        return f"kill -9 of {self.victim} ({self.service}) at {self.part:.0%} of {self.phase}{under}"


def drawn(seed: str) -> list[Death]:
    """So many deaths, no two of one victim in one phase."""
    draw = random.Random(seed)
    pairs = draw.sample([(phase, victim) for phase in PHASES for victim in VICTIMS], MOMENTS)
    return [Death(*pair, draw.random(), draw.choice(SERVICES), draw.choice(FAULTS)) for pair in pairs]


@pytest.fixture(scope="module")
def durations(short_tmp: Path, stub_folder: Path) -> dict[str, float]:
    """Seconds that each phase takes on this machine, now."""
    engine = EmbeddedEngine(ShopSpec(stub_folder, short_tmp / "d"), lease=True)
    took = {"up": timed(engine.up), "reset": timed(engine.reset), "fault": timed(lambda: under(engine, FAULTS[-1]))}
    return took | {"down": timed(engine.down)}


def timed(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def under(engine: EmbeddedEngine, fault: Fault) -> None:
    with engine.inject(fault):
        pass


class Shop:
    """A shop in a folder of its own, by which every process that has to do with it can be found."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "shop"
        self.engine = open_shop("embedded", self.folder)
        self.state: Path = self.engine.spec.state

    @contextmanager
    def lived(self, death: Death) -> Iterator["subprocess.Popen[str]"]:
        """Have a shell live the shop's life; yield it at the beginning of the phase in which somebody dies."""
        words = [sys.executable, "-c", LIFE, str(self.folder), death.phase, json.dumps(death.fault.to_json())]
        shell = subprocess.Popen(
            ["sh", "-c", '"$@"; exit', "sh", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            assert shell.stdout
            assert shell.stdout.readline() == "now\n", f"the shop did not come up: {shell.communicate()[0]}"
            yield shell
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.communicate()

    def kill(self, death: Death, shell: int) -> None:
        """Kill the victim as soon as it lives; nobody, if by then the shop has ended."""
        if death.victim == "shell":
            os.killpg(shell, signal.SIGKILL)
            return
        until(lambda: self.find(death) or (death.phase == "down" and not lives(self.state)))
        for process in self.find(death)[:1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def find(self, death: Death) -> list[psutil.Process]:
        """The living processes that `death` can be the death of, the first first."""
        mine = processes_of(self.root)
        kinds: dict[str, Callable[[psutil.Process], bool]] = {
            "supervisor": is_supervisor,
            "fork server": lambda p: forkserver.__file__ in p.cmdline() and is_supervisor(psutil.Process(p.ppid())),
            "service": lambda p: p.cwd() == str(self.folder / death.service),
            "PostgreSQL": lambda p: p.cmdline()[1:3] == ["-D", str(self.state / state.DATABASE)],
        }
        return [p for p in mine if _holds(kinds[death.victim], p)]

    def orphans(self, shell: int) -> list[psutil.Process]:
        """What runs of this shop, and neither its supervisor nor the shell answers for it."""
        mine = processes_of(self.root)
        held = [p for p in mine if is_supervisor(p)]
        for supervisor in list(held):
            with suppress(psutil.NoSuchProcess):
                held += supervisor.children(recursive=True)
        return [p for p in mine if p not in held and not _holds(lambda p: os.getsid(p.pid) == shell, p)]

    def course(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", "from breakwater.cli import main; main()", "shop", *words]
        return subprocess.run([*command, "--shop", str(self.folder)], capture_output=True, text=True, timeout=60)

    def comes_up(self) -> None:
        """`course shop up` works."""
        up = self.course("up")
        assert up.returncode == 0, up.stderr

    def serves(self) -> bool:
        """Whether every service does its work, along every link: no fault is left."""
        with suppress(httpx.HTTPError), httpx.Client(base_url=self.engine.endpoint("front"), timeout=2.0) as front:
            visits, greeting = front.post("/visits"), front.get("/greetings", params={"name": "you"})
            return visits.status_code == greeting.status_code == 200 and "you" in greeting.text
        return False


def _holds(condition: Callable[[psutil.Process], bool], process: psutil.Process) -> bool:
    """Whether a condition holds for a process that may end meanwhile."""
    with suppress(psutil.Error, ProcessLookupError):
        return condition(process)
    return False


@pytest.fixture
def shop(short_tmp: Path, stub_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    root = short_tmp / secrets.token_hex(2)
    shutil.copytree(stub_folder, root / "shop")
    monkeypatch.setenv("BREAKWATER_STATE", str(root))
    shop = Shop(root)
    yield shop
    shop.engine.down()
    for process in processes_of(root):
        process.kill()


@pytest.mark.parametrize("number", range(MOMENTS))
def test_whatever_is_killed_whenever_nothing_stays_and_the_next_command_works(
    shop: Shop, durations: dict[str, float], number: int
) -> None:
    death = drawn(SEED)[number]
    print(f"{death}. Again: BREAKWATER_SEED={SEED} pytest -n 0 {Path(__file__).name} -k {number}")
    with shop.lived(death) as shell:
        time.sleep(death.part * durations[death.phase])
        shop.kill(death, shell.pid)
        until(lambda: not shop.orphans(shell.pid), what="no orphan after the death")
        shell.communicate(timeout=30)  # its command hears of it, and ends
    until(lambda: not shop.orphans(shell.pid), what="no orphan after the command")
    shop.comes_up()
    assert {row.state for row in shop.engine.status()} == {"healthy"}
    until(shop.serves, what="every link carries")
    shop.engine.down()
    until(lambda: not processes_of(shop.root), what="nothing runs after down")
    assert not paths.state().exists()
