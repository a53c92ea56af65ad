"""What is known of a shop when its job was stopped, or ended in trouble: the rest is tried again, and no more."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from autograder import sandbox
from autograder.labs import judge as lab_judge
from breakwater import paths
from breakwater.checks.verdict import CheckResult, Report, Verdict

MODULE = "09-resilience"
SHOP = paths.SOLUTIONS / MODULE / "boxoffice"
CHECKS = [check.id for check in lab_judge.all_alike(MODULE, Verdict.PASSED, "").checks]
FIRST, *LEFT = CHECKS


def result(check: str, verdict: Verdict = Verdict.PASSED) -> CheckResult:
    return CheckResult(check, verdict, float(verdict is Verdict.PASSED), 1.0, "It sells.", "it sold", 1.0)


def stopped(*told: CheckResult, breach: str = "no end after 420 s") -> sandbox.JobResult:
    """A job that was ended after it had told of these checks, in the middle of a line."""
    lines = "".join(json.dumps({"check": asdict(check)}) + "\n" for check in told)
    return sandbox.JobResult(None, lines + '{"check": {"id": "half', "", breach, 420.0, 50)


def ended(*checks: CheckResult) -> sandbox.JobResult:
    lines = "".join(json.dumps({"check": asdict(check)}) + "\n" for check in checks)
    report = Report(MODULE, "embedded", checks).to_json()
    return sandbox.JobResult(0, lines + json.dumps({"report": report}) + "\n", "", "", 60.0, 50)


class Jobs:
    """Jobs that end as they are told; `asked` holds the checks that each was to run, and whose shop."""

    def __init__(self, patch: pytest.MonkeyPatch, *ends: sandbox.JobResult) -> None:
        self.asked: list[tuple[bool, list[str]]] = []
        self._ends = iter(ends)
        patch.setattr(sandbox, "run_in_job", self._run)

    def _run(self, argv: Any, *, stdin: str, env: Any) -> sandbox.JobResult:
        task = json.loads(stdin)
        self.asked.append((Path(task["shop"]) == SHOP.resolve(), task["select"]))
        return next(self._ends)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "compose.yaml").touch()
    return tmp_path


def verdicts(judged: lab_judge.Judged) -> dict[str, Verdict]:
    return {check.id: check.verdict for check in judged.report.checks}


def test_what_was_known_when_time_was_over_stays_known(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = result(FIRST, Verdict.FAILED)
    jobs = Jobs(monkeypatch, stopped(failed), ended(*map(result, LEFT)))
    judged = lab_judge.judge(MODULE, shop, "seed")
    assert jobs.asked == [(False, []), (False, LEFT)]
    assert verdicts(judged) == {FIRST: Verdict.FAILED} | dict.fromkeys(LEFT, Verdict.PASSED)
    assert judged.reason == f"{FIRST}: it sold"


def test_one_check_that_never_ends_costs_that_check(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [result(check) for check in CHECKS[:-1]]
    jobs = Jobs(monkeypatch, stopped(*known), stopped(), ended(result(CHECKS[-1])))
    judged = lab_judge.judge(MODULE, shop, "seed")
    assert jobs.asked == [(False, []), (False, CHECKS[-1:]), (True, CHECKS[-1:])]
    assert verdicts(judged) == dict.fromkeys(CHECKS[:-1], Verdict.PASSED) | {CHECKS[-1]: Verdict.FAILED}
    assert "no end after 420 s" in judged.reason


def test_a_job_that_was_stopped_with_all_told_is_not_run_again(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs(monkeypatch, stopped(*map(result, CHECKS)))
    judged = lab_judge.judge(MODULE, shop, "seed")
    assert len(jobs.asked) == 1
    assert (set(verdicts(judged).values()), judged.reason) == ({Verdict.PASSED}, "all checks passed")


def test_who_breaks_a_limit_of_space_loses_all_whenever_it_was(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Jobs(monkeypatch, stopped(result(FIRST), breach="more than 300 processes at once"))
    judged = lab_judge.judge(MODULE, shop, "seed")
    assert set(verdicts(judged).values()) == {Verdict.FAILED}
    assert judged.reason == "the shop was stopped: more than 300 processes at once"


def test_trouble_of_ours_is_tried_again_and_then_it_is_unknown(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = result(FIRST, Verdict.UNKNOWN)
    first = ended(unknown, *map(result, LEFT))
    jobs = Jobs(monkeypatch, first, ended(unknown), ended(unknown))
    judged = lab_judge.judge(MODULE, shop, "seed")
    assert jobs.asked == [(False, []), (False, [FIRST]), (True, [FIRST])]
    assert verdicts(judged) == {FIRST: Verdict.UNKNOWN} | dict.fromkeys(LEFT, Verdict.PASSED)
