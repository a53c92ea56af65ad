"""The judge's own process: its report comes back whole, and it is gone when the one that asked is gone."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths
from breakwater.checks import runner
from breakwater.checks.job import CheckJob
from breakwater.checks.scratch import LOCK, scratch
from breakwater.checks.verdict import CheckResult, Report, Verdict
from breakwater.errors import BadInput, EngineTrouble
from tests.waiting import until


@pytest.fixture
def state(tmp_path_factory, monkeypatch) -> Path:
    """A run-time folder of our own, with a short path."""
    folder = tmp_path_factory.mktemp("s")
    monkeypatch.setenv("BREAKWATER_STATE", str(folder))
    monkeypatch.setenv("BREAKWATER_WORK", str(folder / "work"))
    return paths.state()


def result(name: str, verdict: Verdict) -> CheckResult:
    return CheckResult(name, verdict, 3.0 * (verdict is Verdict.PASSED), 3.0, "It holds.", "the disk is full", 1.0)


def test_nobody_earns_unknown_where_the_reference_passes() -> None:
    verdicts = {"a": Verdict.PASSED, "b": Verdict.UNKNOWN, "c": Verdict.UNKNOWN, "d": Verdict.FAILED}
    report = Report("09", "embedded", tuple(result(*each) for each in verdicts.items()))
    asked: list[str] = []

    def control(name: str) -> Verdict:
        asked.append(name)
        return Verdict.PASSED if name == "b" else Verdict.UNKNOWN

    settled = {check.id: check for check in runner.settle(report, control).checks}
    assert asked == ["b", "c"]
    assert {name: check.verdict for name, check in settled.items()} == verdicts | {"b": Verdict.FAILED}
    assert settled["b"].message == "the disk is full; on this machine, at that time, our own shop passed"


def test_a_report_survives_its_journey_through_json() -> None:
    report = Report("09", "embedded", (result("a", Verdict.FAILED), result("b", Verdict.UNKNOWN)))
    data = json.loads(json.dumps(report.to_json()))
    assert Report.from_json(data) == report
    assert (data["passed"], data["failed"], data["unknown"]) == (0, 1, 1)


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ([], 0),
        ([Verdict.PASSED], 0),
        ([Verdict.PASSED, Verdict.UNKNOWN], 2),
        ([Verdict.UNKNOWN, Verdict.FAILED], 1),
    ],
)
def test_the_exit_status_tells_failed_before_unknown(verdicts, status) -> None:
    assert Report("09", "embedded", tuple(result("x", verdict) for verdict in verdicts)).exit_status == status


def test_an_unknown_engine_is_bad_input() -> None:
    with pytest.raises(BadInput, match="Did you mean `embedded`"):
        runner.run_checks(CheckJob("09-resilience", paths.BOXOFFICE, engine="embeded"))


def test_a_process_that_ends_without_a_plan_is_trouble_with_its_last_words() -> None:
    within = [sys.executable, "-c", "import sys; sys.exit('no room here')"]
    with pytest.raises(EngineTrouble, match=r"status 1\): no room here"):
        runner.run_checks(CheckJob("09-resilience", paths.BOXOFFICE), within=within)


def test_checks_that_did_not_end_are_unknown(monkeypatch) -> None:
    """The process names its plan, ends one check, and is killed."""
    plan = [{"id": n, "sentence": "s", "points": 1.0, "outcome": "", "hidden": False} for n in ("starts", "a", "b")]
    done = result("a", Verdict.PASSED)
    lines = [{"plan": plan}, {"check": {**done.__dict__}}]
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    code = f"import os, sys; os.write(int(sys.argv[-2]), {text!r}.encode()); os.kill(os.getpid(), 9)"
    report = runner.run_checks(CheckJob("09-resilience", paths.BOXOFFICE), within=[sys.executable, "-c", code])
    assert [(c.id, c.verdict) for c in report.checks] == [
        ("starts", Verdict.UNKNOWN),
        ("a", Verdict.PASSED),
        ("b", Verdict.UNKNOWN),
    ]
    assert report.exit_status == 2


def test_a_scratch_folder_is_gone_afterwards_and_what_a_killed_run_left_is_cleared(state) -> None:
    with scratch() as ours:
        left = state / "c-killed"
        left.mkdir()
        (left / LOCK).touch()
        with scratch() as other:
            assert not left.exists()
            assert ours.exists()
        assert not other.exists()
    assert not ours.exists()


def descendants(pid: int) -> Iterator[tuple[int, str]]:
    """Every process below this one, each with its start time, which tells it from a later one of the same number."""
    with suppress(FileNotFoundError, ProcessLookupError):  # one that has just ended
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield int(child), Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[19]
            yield from descendants(int(child))


def lives(pid: int, started: str) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[19] == started and fields[0] != "Z"


COURSE = [str(Path(sys.executable).with_name("course")), "check", "09", "-k", "dead-catalog", "--json"]


@pytest.mark.shop
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_killed_check_leaves_nothing_running_and_the_next_one_works(state, how) -> None:
    course = subprocess.Popen(COURSE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        found: dict[int, str] = {}

        def much_runs() -> bool:
            """The judge, the supervisor, a database of several processes, services."""
            found.update(descendants(course.pid))
            return len(found) >= 12

        until(much_runs)
        os.kill(course.pid, how)
        course.wait(10)
        until(lambda: not [pid for pid, started in found.items() if lives(pid, started)])
    finally:
        course.kill()
        course.communicate()
    again = subprocess.run(COURSE, capture_output=True, text=True, check=False)
    assert again.returncode == 1, again.stderr
    assert [check["verdict"] for check in json.loads(again.stdout)["checks"]] == ["failed"]
    assert [each for each in state.glob("c-*") if each.is_dir()] == []


# Stand-ins for a judge's process, for what no shop does on purpose. Each is started with the ends of two pipes: where
# to write what happens, and where to read its turns.
JUDGE = """
import json, os, sys, time
news, turns = map(int, sys.argv[-2:])
job = json.loads(sys.stdin.readline())
def say(kind, data):
    os.write(news, (json.dumps({kind: data}) + "\\n").encode())
def plan(*names):
    rows = [{"id": name, "sentence": "S.", "points": 1.0, "outcome": "", "hidden": False} for name in names]
    say("plan", [{**row, "points": 0.0} if row["id"] == "starts" else row for row in rows])
def ends(name, verdict="passed", message=""):
    keys = ("id", "verdict", "points", "max_points", "sentence", "message", "seconds")
    say("check", {**dict(zip(keys, (name, verdict, 0.0, 1.0, "S.", message, 0.1))), "evidence": [], "measurements": []})
def take_turns(names, how=lambda name: ends(name)):
    while (turn := os.read(turns, 1)) and turn[0] < len(names):
        how(names[turn[0]])
"""


def judged_by(program: str, workers: int, **options: Any) -> Report:
    job = CheckJob("09-resilience", paths.BOXOFFICE, select=options.pop("select", ()))
    return runner.run_checks(job, within=[sys.executable, "-c", JUDGE + program], workers=workers, **options)


def test_judges_share_the_checks_of_a_shop(tmp_path) -> None:
    """Each check waits until as many as there are judges are under way, which one judge alone never sees."""
    program = f"""
from pathlib import Path
from typing import Any
begun = Path({str(tmp_path)!r})
def meet(name):
    (begun / name).touch()
    while len(list(begun.iterdir())) < 3:
        time.sleep(0.01)
    ends(name)
if not job["helps"]:
    plan("starts", "a", "b", "c")
    ends("starts")
take_turns(["a", "b", "c"], meet)
"""
    told: list[str] = []
    report = judged_by(program, 3, on_result=lambda result: told.append(result.id))
    assert [(check.id, check.verdict) for check in report.checks] == [(n, Verdict.PASSED) for n in ("starts", *"abc")]
    assert told[0] == "starts"
    assert sorted(told[1:]) == ["a", "b", "c"]


def test_nobody_helps_with_a_shop_that_does_not_start() -> None:
    program = """
assert not job["helps"]
plan("starts", "a")
ends("starts", "failed", "orders did not start")
ends("a", "failed", "needs: starts")
"""
    assert [check.verdict for check in judged_by(program, 3).checks] == [Verdict.FAILED] * 2


def test_who_cannot_help_leaves_the_turns_to_the_others() -> None:
    program = """
if job["helps"]:
    say("trouble", "no room for another shop")
    sys.exit(1)
plan("starts", "a", "b")
ends("starts")
take_turns(["a", "b"])
"""
    assert [check.verdict for check in judged_by(program, 3).checks] == [Verdict.PASSED] * 3


@pytest.mark.parametrize(("alone", "verdict"), [("passed", Verdict.PASSED), ("unknown", Verdict.UNKNOWN)])
def test_a_check_that_is_unknown_beside_others_runs_again_alone(alone, verdict) -> None:
    program = f"""
if not job["helps"]:
    plan("starts", "a", "b")
    ends("starts")
take_turns(["b"] if job["select"] else ["a", "b"],
           lambda name: ends(name, "passed" if name == "a" else {alone!r} if job["select"] else "unknown"))
"""
    told: list[tuple[str, Verdict]] = []
    report = judged_by(program, 2, on_result=lambda result: told.append((result.id, result.verdict)))
    assert {check.id: check.verdict for check in report.checks}["b"] is verdict
    assert [each for each in told if each[0] == "b"] == [("b", verdict)]


@pytest.mark.parametrize("doubtful", [True, False])
def test_a_check_that_failed_in_doubt_beside_others_runs_again_alone(doubtful) -> None:
    program = f"""
def fails(name):
    verdict = "passed" if name == "a" or job["select"] else "failed"
    row = dict(id=name, verdict=verdict, points=0.0, max_points=1.0, sentence="S.", message="", seconds=0.1)
    say("check", row | dict(evidence=[], measurements=[], doubtful={doubtful} and verdict == "failed"))
if not job["helps"]:
    plan("starts", "a", "b")
    ends("starts")
take_turns(["b"] if job["select"] else ["a", "b"], fails)
"""
    found = {check.id: check.verdict for check in judged_by(program, 2).checks}
    assert found["b"] is (Verdict.PASSED if doubtful else Verdict.FAILED)


def test_a_judge_that_dies_loses_its_check_and_no_other() -> None:
    """Alone, that check ends."""
    program = """
def die(name):
    if name == "a" and not job["select"]:
        os.kill(os.getpid(), 9)
    ends(name)
if not job["helps"]:
    plan("starts", "a", "b", "c")
    ends("starts")
take_turns(["a"] if job["select"] else ["a", "b", "c"], die)
"""
    assert [check.verdict for check in judged_by(program, 2).checks] == [Verdict.PASSED] * 4


def test_an_interrupt_leaves_no_judge(tmp_path) -> None:
    program = f"""
import pathlib
pathlib.Path({str(tmp_path)!r}, str(os.getpid())).touch()
if not job["helps"]:
    plan("starts", "a", "b", "c")
    ends("starts")
    while len(list(pathlib.Path({str(tmp_path)!r}).iterdir())) < 3:
        time.sleep(0.01)
    ends("a")
time.sleep(600)
"""

    def interrupt(result: CheckResult) -> None:
        if result.id == "a":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged_by(program, 3, on_result=interrupt)
    for pid in tmp_path.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.name), 0)
