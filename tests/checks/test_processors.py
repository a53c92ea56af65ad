"""Who kept whom from the processors: told from what the kernel counts, on processes that really compete."""

import os
import subprocess
import sys

import pytest

from breakwater.checks.processors import Look, Share

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel counts this on Linux alone")

SPIN = "while True: pass"
# Would have a whole processor, at the lowest priority, and ends when it has seen that it is kept from it, or in 30 s.
STARVING = """
import os, subprocess, sys, time
from breakwater.checks.processors import Look, Share
os.nice(19)
before = Look.now()
with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as worker:
    deadline = time.monotonic() + 30
    while not (share := Share.between(before, Look.now())).is_too_small and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.kill()
print(share.is_too_small, share)
"""


def test_who_is_starved_by_others_is_seen() -> None:
    others = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        starving = [sys.executable, "-c", STARVING]
        said = subprocess.run(starving, capture_output=True, text=True, check=True, timeout=60).stdout
        assert said.startswith("True other work had")
    finally:
        for process in others:
            process.kill()
            process.wait()


def test_a_shop_that_somebody_else_started_is_looked_at_too() -> None:
    elsewhere = os.getppid()
    assert elsewhere not in Look.now().ran_s
    seen = Look.now([elsewhere]).ran_s
    assert {elsewhere, os.getpid()} <= seen.keys()


def look(at: float, ran_s: dict[int, float], waited_s: dict[int, float], busy_s: float) -> Look:
    return Look(at, ran_s, waited_s, busy_s)


@pytest.mark.parametrize(
    ("busy_s", "waited_s", "is_too_small"),
    [(20.0, 12.0, True), (3.0, 12.0, False), (20.0, 2.0, False)],
    ids=["others worked", "it starved itself", "it waited little"],
)
def test_only_who_others_kept_waiting_has_too_small_a_share(monkeypatch, busy_s, waited_s, is_too_small) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    before = look(100.0, {1: 50.0, 2: 5.0}, {1: 1.0, 2: 1.0}, 1000.0)
    after = look(110.0, {1: 51.0, 3: 1.0}, {1: 1.0 + waited_s / 2, 3: waited_s / 2}, 1000.0 + busy_s)
    share = Share.between(before, after)
    assert (share.ran_s, share.waited_s) == (2.0, waited_s)  # of 2, which has ended, nothing is known
    assert share.is_too_small is is_too_small


def test_nothing_follows_where_nobody_counts() -> None:
    assert not Share.between(look(1.0, {}, {}, 0.0), look(2.0, {}, {}, 0.0)).is_too_small
