"""Every attack, handed in beside honest work and graded with it: it gets nothing, and reads why."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.hostile.assignment import FULL, worth
from tests.hostile.attacks import ATTACKS
from tests.hostile.attacks.attack import Attack
from tests.hostile.attacks.endings import LOOP
from tests.hostile.attacks.unmended import UNMENDED
from tests.hostile.proofs import proofs
from tests.hostile.siege import BUDGET_S, TOKEN, Siege, laid

pytestmark = [pytest.mark.hostile, pytest.mark.sandbox]
EACH = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


@dataclass(frozen=True)
class Graded:
    """What `course grade --json` said of a class: of whom it judged, and of whom it did not."""

    siege: Siege
    rows: dict[str, dict[str, Any]]
    refused: dict[str, str]


@pytest.fixture(scope="module")
def graded() -> Iterator[Graded]:
    with laid([*ATTACKS, *UNMENDED]) as siege, pytest.MonkeyPatch.context() as patched:
        patched.setenv(*TOKEN)
        done = siege.room.run("--json", "--jobs", "4")  # most of them wait
        assert done.stdout, done.stderr
        told = json.loads(done.stdout)
        rows = {row["student"]: row for row in told["submissions"]}
        yield Graded(siege, rows, {row["source"]: row["reason"] for row in told["refused"]})


@EACH
def test_an_attack_gets_nothing_and_is_told_why(graded: Graded, attack: Attack) -> None:
    assert graded.siege.got(attack) == ""
    if attack.shown in graded.refused:
        assert graded.refused[attack.shown]
        return
    row = graded.rows[attack.owner]
    assert not row["trouble"], "who makes trouble is graded, too"
    assert row["reason"] or 'class="says"' in graded.siege.page(attack)
    if attack.fair:
        assert row["score"] == FULL - worth(attack.aims), row["cells"]


@pytest.mark.parametrize("attack", UNMENDED, ids=lambda attack: attack.name)
def test_what_is_not_mended_is_known(graded: Graded, attack: Attack) -> None:
    assert graded.siege.got(attack), "it is mended: move it to the others"
    assert graded.siege.is_fair()


def test_who_solved_it_has_all_points(graded: Graded) -> None:
    assert graded.siege.is_fair()


def test_a_loop_ends_when_its_time_is_over(graded: Graded) -> None:
    over = [graded.rows[attack.name]["seconds"] - BUDGET_S for attack in ATTACKS if attack.kind == LOOP]
    assert max(over) < 10  # on a busy machine


@EACH
def test_an_attack_is_one(attack: Attack) -> None:
    proof = proofs().get(attack.name, {})
    assert proof.get("digest") == attack.digest(), f"python -m tests.hostile.proofs {attack.name}"
    assert proof["got"]
