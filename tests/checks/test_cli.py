"""`course check` and `course hint` as they are typed. The judge itself is replaced by one that has an opinion."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from breakwater import paths, workspace
from breakwater.checks import runner
from breakwater.checks.verdict import CheckResult, Report, Verdict
from breakwater.cli import main
from breakwater.errors import BadInput

STARTS = CheckResult("starts", Verdict.PASSED, 0, 0, "The shop starts.", "5 services were healthy within 1.0 s", 1.0)
SLOW = CheckResult(
    id="slow-payment",
    verdict=Verdict.FAILED,
    points=0.0,
    max_points=3.0,
    sentence="A slow payment does not hold the order endpoint.",
    message="with payments answering after 5.0 s, a buyer waited 5.2 s for an answer (allowed: 2.5 s)",
    seconds=6.0,
    why="orders waited 5.1 s for payments, to the end: no deadline of its own cut the call short",
    evidence=("buyer → gateway 0.00 s · gateway → orders 0.01 s [red]not markup[/]",),
    next='course hint 09 slow-payment        Read: the lesson, "Deadlines nest"',
)
LOST = replace(SLOW, id="answer-lost", verdict=Verdict.PASSED, points=4.0, max_points=4.0, message="wait: 0.9 s")
UNSURE = replace(SLOW, verdict=Verdict.UNKNOWN, message="the disk is full", why="", evidence=(), next="")

Course = Callable[..., tuple[int, str, str]]


@pytest.fixture
def jobs(monkeypatch) -> list[runner.CheckJob]:
    """The jobs that were given to the judge, who answers with `jobs.says`."""
    given: list[runner.CheckJob] = []

    def run_checks(job, *, on_result=None, **options) -> Report:
        given.append(job)
        for check in verdicts:
            if on_result:
                on_result(check)
        return Report(job.module, job.engine, tuple(verdicts))

    monkeypatch.setattr(runner, "run_checks", run_checks)
    return given


verdicts: list[CheckResult] = []


@pytest.fixture
def course(tmp_path_factory, monkeypatch, capsys) -> Course:
    folder = tmp_path_factory.mktemp("c")
    monkeypatch.setenv("BREAKWATER_WORK", str(folder / "work"))
    monkeypatch.setenv("BREAKWATER_STATE", str(folder))
    verdicts[:] = [STARTS, SLOW, LOST]

    def course(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["course", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return course


def test_a_failing_check_explains_itself(course, jobs) -> None:
    status, out, err = course("check", "09")
    lines = [line.rstrip() for line in out.splitlines()]
    assert (status, err) == (1, "")
    assert "✗ A slow payment does not hold the order endpoint.                 0 of 3 points" in lines
    for label in ("What happened  with payments", "Why            orders waited", "Evidence       buyer → gateway"):
        assert any(line.startswith(f"  {label}") for line in lines), out
    assert lines[-2].startswith("2 public checks: 1 passed, 1 failed · 4 of 7 points · ")
    assert lines[-1] == "Next: course hint 09 slow-payment"


def test_output_fits_the_width_has_no_colours_in_a_pipe_and_takes_no_text_for_markup(course, jobs) -> None:
    out = course("check", "09")[1]
    assert max(len(line) for line in out.splitlines()) <= 80
    assert "\x1b" not in out
    assert "[red]not" in " ".join(out.split())


def test_json_has_what_programs_need(course, jobs) -> None:
    status, out, _ = course("check", "09", "--json")
    report = json.loads(out)
    assert status == 1
    assert {key: report[key] for key in ("module", "engine", "passed", "failed", "unknown")} == {
        "module": "09-resilience",
        "engine": "embedded",
        "passed": 2,
        "failed": 1,
        "unknown": 0,
    }
    keys = {"id", "verdict", "points", "max_points", "sentence", "message", "seconds"}
    assert all(keys <= set(check) for check in report["checks"])


@pytest.mark.parametrize(
    ("said", "status", "then"),
    [
        ([STARTS, LOST], 0, "Next: course submit 09   (hidden checks are judged too, when it is graded)"),
        ([STARTS, UNSURE, LOST], 2, "Next: course check 09 -k slow-payment"),
        ([STARTS, SLOW, UNSURE], 1, "Next: course hint 09 slow-payment"),
        ([replace(STARTS, verdict=Verdict.FAILED), SLOW], 1, "Next: course shop up"),
    ],
)
def test_the_status_and_the_next_command_follow_from_the_verdicts(course, jobs, said, status, then) -> None:
    verdicts[:] = said
    got, out, _ = course("check", "09")
    assert (got, out.splitlines()[-1].rstrip()) == (status, then)


def test_a_passed_module_is_noted_once_all_public_checks_ran_on_the_own_shop(course, jobs) -> None:
    from breakwater import progress

    verdicts[:] = [STARTS, LOST]
    course("check", "09", "-k", "answer-lost")
    assert not progress.is_finished("09-resilience")
    course("check", "09")
    assert progress.is_finished("09-resilience")


def test_the_own_shop_is_judged_as_a_copy_with_our_provider(course, jobs, monkeypatch) -> None:
    seen: dict[str, str] = {}
    plain = runner.run_checks

    def look(job, **options) -> Report:
        seen.update({name: (job.shop / name).read_text() for name in ("orders/app/new.py", "provider/app/main.py")})
        return plain(job, **options)

    monkeypatch.setattr(runner, "run_checks", look)
    work = workspace.ensure() / "shop"
    (work / "orders" / "app" / "new.py").write_text("x = 1\n")
    (work / "provider" / "app" / "main.py").write_text("forged = 1\n")
    course("check", "09")
    assert seen["orders/app/new.py"] == "x = 1\n"
    assert "forged" not in seen["provider/app/main.py"]


def test_files_hidden_engine_and_one_check_reach_the_judge(course, jobs, tmp_path) -> None:
    (tmp_path / "orders").mkdir()
    course("check", "resilience", "--files", str(tmp_path), "--hidden", "-k", "slow-payment", "--engine", "embedded")
    [job] = jobs
    assert (job.module, job.hidden, job.select, job.engine) == ("09-resilience", True, ("slow-payment",), "embedded")
    assert not (paths.work() / ".course").exists()


BAD = {
    ("check", "99"): "No module is called `99`",
    ("check", "09-resilence"): "Did you mean `09-resilience`?",
    ("check", "03"): "03-orchestration is not built yet",
    ("check", "09", "--files", "/nowhere/at/all"): "/nowhere/at/all is no",
    ("check", "09", "--nonsense"): "No such option",
    ("check",): "Missing argument",
    ("hint", "09", "slow-paymnt"): "Did you mean `slow-payment`?",
    ("hint", "77", "x"): "No module is called `77`",
}


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_bad_input_is_one_line_and_status_3(course, jobs, words) -> None:
    status, out, err = course(*words)
    assert (status, out) == (3, "")
    assert BAD[words] in err
    assert len(err.splitlines()) == 1


def test_a_syntax_error_in_the_shop_is_one_line_with_file_and_line(course, jobs, tmp_path) -> None:
    (tmp_path / "orders" / "app").mkdir(parents=True)
    (tmp_path / "orders" / "app" / "main.py").write_text("import os\n\ndef x(:\n")
    status, out, err = course("check", "09", "--files", str(tmp_path))
    assert (status, out) == (3, "")
    assert err == f"{tmp_path}/orders/app/main.py, line 3: invalid syntax. Mend it; nothing was run.\n"
    assert jobs == []


@pytest.fixture
def copy_of_content(tmp_path, monkeypatch) -> Path:
    """The lab's and the solutions' folders, to be broken."""
    for name in ("LABS", "SOLUTIONS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
        shutil.copytree(paths.ROOT / name.lower() / "09-resilience", tmp_path / name.lower() / "09-resilience")
    return tmp_path


def test_a_broken_lab_toml_is_one_line(course, jobs, copy_of_content) -> None:
    file = copy_of_content / "labs" / "09-resilience" / "lab.toml"
    file.write_text(file.read_text().replace("minutes =", "minuts ="))
    status, _, err = course("check", "09")
    assert status == 3
    assert "unknown key `minuts`. Did you mean `minutes`?" in err
    file.unlink()
    assert course("check", "09")[2] == "09-resilience has no lab yet. Those that have one: course syllabus\n"


def test_hidden_checks_need_solutions(course, jobs, copy_of_content) -> None:
    shutil.rmtree(copy_of_content / "solutions")
    status, _, err = course("check", "09", "--hidden")
    assert (status, len(err.splitlines())) == (3, 1)
    assert "has no hidden checks of 09-resilience" in err
    assert course("check", "09")[0] == 1


def test_a_wrong_name_of_a_check_is_found_out_before_a_shop_starts() -> None:
    """Through the judge's own process."""
    with pytest.raises(BadInput, match=r"has no check `slow`. There are: slow-payment"):
        runner.run_checks(runner.CheckJob("09-resilience", paths.BOXOFFICE, select=("slow",)))


def test_hints_climb_one_at_a_time_and_remember(course, jobs) -> None:
    def hint(*more: str) -> int:
        return int(json.loads(course("hint", "09", "slow-payment", "--json", *more)[1])["hint"])

    assert [hint(), hint(), hint("--more"), hint(), hint("--more"), hint("--more"), hint("--more")] == [
        1, 1, 2, 2, 3, 4, 4,
    ]  # fmt: skip
    status, out, _ = course("hint", "09", "slow-payment")
    assert (status, out.splitlines()[0]) == (0, "Hint 4 of 4")
    assert out.splitlines()[-1] == "That was the last one. Try: course check 09 -k slow-payment"


def test_a_hint_explains_what_the_check_last_saw(course, jobs) -> None:
    course("check", "09")
    course("hint", "09", "slow-payment")
    out = course("hint", "09", "slow-payment", "--more")[1]
    assert "A thought that leads to what was seen" in out
    assert "has handed all of it to payments" in " ".join(out.split())
