"""The judge's own process: its report comes back whole, and it is gone when the one that asked is gone."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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
    code = f"import os, sys; os.write(int(sys.argv[-1]), {text!r}.encode()); os.kill(os.getpid(), 9)"
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
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(child), Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[19]
        yield from descendants(int(child))


def lives(pid: int, started: str) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[19] == started and fields[0] != "Z"


COURSE = [str(Path(sys.executable).with_name("course")), "check", "09", "-k", "slow-payment", "--json"]


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
