"""The memory of services: growth is seen, standing still ends the look, and what is gone is our trouble."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from breakwater.checks.footprints import Footprints
from breakwater.engines import ServiceStatus
from breakwater.errors import EngineTrouble
from breakwater.footprint import Footprint

GROWS = """
import sys, time
print(flush=True)
sys.stdin.readline()
kept = bytearray(60_000_000)
for place in range(0, len(kept), 4096):
    kept[place] = 1
print(flush=True)
sys.stdin.readline()
"""
SPINS = "print(flush=True)\nwhile True:\n    pass"


class Engine:
    def __init__(self, pid: int | None) -> None:
        self.pid = pid

    def status(self) -> list[ServiceStatus]:
        return [ServiceStatus("gateway", "healthy", self.pid, 0.0)]


@contextmanager
def running(program: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


async def test_growth_is_seen_and_standing_still_ends_the_look() -> None:
    with running(GROWS) as process:
        looks = Footprints(Engine(process.pid))  # type: ignore[arg-type]
        before = looks.now("gateway")
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
        begun = time.monotonic()
        grown = await looks.grown(before, within_s=60.0)
        assert 55 < grown["gateway"] < 90
        assert time.monotonic() - begun < 30, "it stood still long before"


async def test_enough_growth_ends_the_look_at_once() -> None:
    with running(GROWS) as process:
        looks = Footprints(Engine(process.pid))  # type: ignore[arg-type]
        before = looks.now("gateway")
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
        grown = await looks.grown(before, enough_mb=10, within_s=60.0)
        assert grown["gateway"] >= 10


async def test_who_goes_on_running_is_looked_at_to_the_end() -> None:
    with running(SPINS) as process:
        looks = Footprints(Engine(process.pid))  # type: ignore[arg-type]
        begun = time.monotonic()
        await looks.grown(looks.now("gateway"), within_s=2.0)
        assert time.monotonic() - begun >= 2.0


def test_a_service_without_a_process_is_our_trouble() -> None:
    with pytest.raises(EngineTrouble, match="gateway has no process"):
        Footprints(Engine(None)).now("gateway")  # type: ignore[arg-type]


def test_a_process_that_is_gone_is_our_trouble() -> None:
    with running(SPINS) as process:
        pass
    with pytest.raises(EngineTrouble, match=f"Process {process.pid} of the shop"):
        Footprint.of(process.pid)


def test_children_count() -> None:
    program = "import subprocess, sys, time\n"
    program += f"child = subprocess.Popen([sys.executable, '-c', {GROWS!r}], stdin=-1, stdout=-1)\n"
    program += "child.stdout.readline(); child.stdin.write(b'\\n'); child.stdin.flush(); child.stdout.readline()\n"
    program += "print(flush=True); time.sleep(60)"
    with running(program) as process:
        assert Footprint.of(process.pid).memory_mb > 60
