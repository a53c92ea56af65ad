"""`course doctor` tries to break out of the sandbox, and tells if it did."""

import json
import subprocess

import pytest

from autograder import breakout
from breakwater.doctor import State
from tests.autograder.room import COURSE

ALL = dict.fromkeys(breakout.SAYS, True)
NONE = dict.fromkeys(breakout.SAYS, False)


@pytest.mark.sandbox
def test_nothing_gets_out_and_all_of_it_would_work_outside() -> None:
    done = subprocess.run([*COURSE, "doctor", "breakout", "--json"], capture_output=True, text=True)
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["state"], done.returncode) == ("ready", 0), found["says"]


@pytest.mark.sandbox
def test_where_there_is_no_jail_every_attempt_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakout, "_inside", breakout._outside)
    found = breakout.probe()
    assert found.state is State.MISSING
    assert found.says == f"Submitted code could {', '.join(breakout.SAYS.values())}."


def test_without_a_sandbox_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    found = breakout.probe()
    assert (found.state, found.remedy) == (State.MISSING, "See: sandbox")


@pytest.mark.parametrize("attempt", breakout.SAYS)
def test_one_hole_is_one_too_many(attempt: str) -> None:
    found = breakout.judged(NONE | {attempt: True}, ALL)
    assert (found.state, found.says) == (State.MISSING, f"Submitted code could {breakout.SAYS[attempt]}.")


@pytest.mark.parametrize("attempt", breakout.SAYS)
def test_what_works_nowhere_proves_nothing(attempt: str) -> None:
    found = breakout.judged(NONE, ALL | {attempt: False})
    assert found.state is State.LIMITED
    assert breakout.SAYS[attempt] in found.says
