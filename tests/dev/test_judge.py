"""What came out against what was promised, and what is kept of it."""

import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from breakwater.checks import runner
from breakwater.checks.runner import CheckJob, run_checks
from breakwater.checks.verdict import CheckResult, Measurement, Report, Verdict
from breakwater.dev import proof as proofs
from breakwater.dev.judge import compare_goldens, judge
from breakwater.dev.kept import Kept
from breakwater.dev.margins import margins, thin
from breakwater.dev.patches import read_patches
from breakwater.dev.proof import prove
from breakwater.dev.record import is_current, read_goldens, read_record, remember_first_runs, summary, write_record
from breakwater.dev.variants import Variant, variants
from breakwater.errors import BadInput, ShopDidNotStart
from tests.waiting import until

P, F, U = Verdict.PASSED, Verdict.FAILED, Verdict.UNKNOWN
S = "solutions/42-lantern"


def result(name: str, verdict: Verdict, message: str = "", *, wait_s: float | None = None) -> CheckResult:
    points = {"starts": 0.0, "stays-lit": 2.0, "42-h1": 1.0}[name]
    measured = () if wait_s is None else (Measurement("the wait", wait_s, 2.0, "s"),)
    earned = points if verdict is P else 0.0
    return CheckResult(name, verdict, earned, points, "A sentence.", message, 0.1, measurements=measured)


def report(stays_lit: Verdict, hidden: Verdict, message: str = "", wait_s: float | None = None) -> Report:
    checks = (result("starts", P), result("stays-lit", stays_lit, message, wait_s=wait_s), result("42-h1", hidden))
    return Report("42-lantern", "embedded", checks)


def variant(tree: Any, name: str) -> Variant:
    return next(one for one in variants(tree.module) if one.name == name)


def test_variants_run_from_the_naive_shop_to_the_wrong_answers(tree: Any) -> None:
    names = ["naive", "reference", "other/chimney", "wrong/none", "wrong/thick", "wrong/thin"]
    assert [one.name for one in variants(tree.module)] == names


@pytest.mark.parametrize(
    ("name", "stays_lit", "hidden", "line"),
    [
        ("naive", F, F, None),
        ("naive", P, F, "labs/42-lantern/checks/test_public.py:6: naive-fails: naive: stays-lit passed (it went); a"),
        (
            "naive",
            U,
            F,
            "labs/42-lantern/checks/test_public.py:6: unknown: naive: stays-lit unknown (it went); mend the",
        ),
        ("reference", P, P, None),
        ("reference", P, F, f"{S}/boxoffice: reference-passes: reference: 42-h1 failed (); mend the reference, or the"),
        ("other/chimney", P, P, None),
        (
            "other/chimney",
            F,
            P,
            f"{S}/other/chimney.patch: other-passes: other/chimney: stays-lit failed (it went); the",
        ),
        ("wrong/thin", F, P, None),
        ("wrong/thin", F, F, None),
        ("wrong/thin", P, P, f"{S}/wrong/thin.patch: wrong-loses: wrong/thin: stays-lit passed (it went); sharpen"),
        ("wrong/thin", F, U, f"{S}/checks/test_hidden.py:6: unknown: wrong/thin: 42-h1 unknown (); mend the check"),
    ],
)
def test_each_broken_promise_gives_its_line(
    tree: Any, name: str, stays_lit: Verdict, hidden: Verdict, line: str | None
) -> None:
    found = [str(one) for one in judge(tree.module, variant(tree, name), report(stays_lit, hidden, "it went"))]
    assert len(found) == (line is not None)
    assert not line or found[0].startswith(line)


def test_a_wrong_answer_loses_nothing_that_it_does_not_name(tree: Any) -> None:
    tree.change(f"{S}/wrong/thin.patch", "May lose: 42-h1\n", "")
    (found,) = judge(tree.module, variant(tree, "wrong/thin"), report(F, F))
    assert str(found).startswith(f"{S}/wrong/thin.patch: wrong-loses-only: wrong/thin: 42-h1 failed")


def test_the_naive_shop_is_judged_check_by_check(tree: Any) -> None:
    (found,) = judge(tree.module, variant(tree, "naive"), report(F, F, "needs: starts"))
    assert "naive: stays-lit was not judged itself (needs: starts)" in str(found)


def test_a_check_that_gave_no_verdict_is_missed(tree: Any) -> None:
    only = Report("42-lantern", "embedded", (result("starts", P), result("stays-lit", P)))
    (found,) = judge(tree.module, variant(tree, "reference"), only)
    assert str(found).startswith(f"{S}/checks/test_hidden.py:6: check-ran: reference: 42-h1 gave no verdict")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the checks will say about each variant, instead of running them; an exception is raised."""
    told: dict[str, Any] = {}

    def run(module: object, variant: Variant, seed: str, select: tuple[str, ...]) -> Report:
        answer = told[variant.name]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Report)
        return replace(answer, checks=tuple(check for check in answer.checks if not select or check.id in select))

    monkeypatch.setattr(proofs, "run_variant", run)
    return told


@pytest.fixture
def sound(answers: dict[str, Any]) -> dict[str, Any]:
    answers |= {"naive": report(F, F, "went out after 5.2 s", 8.0), "reference": report(P, P, "lit for 9 s", 0.5)}
    answers["other/chimney"] = report(P, P, wait_s=0.8)
    answers |= {f"wrong/{name}": report(F, P, "went out after 1.0 s", 6.0) for name in ("none", "thick", "thin")}
    return answers


def test_a_clean_run_is_recorded_and_makes_the_record_current(tree: Any, sound: Any) -> None:
    proof = prove(tree.module, variants(tree.module), seed="a")
    assert proof.findings == []
    record = write_record(proof)
    assert is_current(tree.module)
    assert record["kill_matrix"]["wrong/thin"] == {"starts": "passed", "stays-lit": "failed", "42-h1": "passed"}
    assert record["verdicts"]["stays-lit"] == {"given": 6, "wrong": 0, "unknown": 0}
    assert record["margins"] == [
        {
            "check": "stays-lit",
            "what": "the wait",
            "bound": 2.0,
            "unit": "s",
            "inside": 2.5,
            "inside_by": "other/chimney",
            "outside": 3.0,
            "outside_by": "wrong/none",
        }
    ]
    assert record["first_runs"]["wrong/thin"] == {
        "blind": False,
        "loses": ["stays-lit"],
        "may_lose": ["42-h1"],
        "lost": ["stays-lit"],
        "caught": True,
        "as_named": True,
    }
    assert read_goldens(tree.module)["naive"]["stays-lit"] == [
        {"verdict": "failed", "points": 0.0, "message": "went out after # s"}
    ]


def test_counts_add_up_while_the_digest_stays_and_begin_anew_after(tree: Any, sound: Any) -> None:
    write_record(prove(tree.module, variants(tree.module), seed="a"))
    sound["reference"] = report(F, P, "it went")
    again = write_record(prove(tree.module, variants(tree.module), seed="b"), load="busy")
    assert (again["runs"], again["loads"], again["clean"]) == (2, {"busy": 1}, False)
    assert again["verdicts"]["stays-lit"] == {"given": 12, "wrong": 1, "unknown": 0}
    assert again["kill_matrix"]["reference"]["stays-lit"] == "failed|passed"
    assert not is_current(tree.module)
    assert [one["verdict"] for one in read_goldens(tree.module)["reference"]["stays-lit"]] == ["passed"]
    tree.change("labs/42-lantern/lab.toml", "minutes = 30", "minutes = 31")
    anew = write_record(prove(tree.module, variants(tree.module), seed="c"))
    assert anew["runs"] == 1
    assert anew["verdicts"]["stays-lit"] == {"given": 6, "wrong": 1, "unknown": 0}


def test_what_changed_while_it_ran_is_not_recorded(tree: Any, sound: Any) -> None:
    proof = prove(tree.module, variants(tree.module), seed="a")
    tree.change("labs/42-lantern/lab.toml", "minutes = 30", "minutes = 31")
    with pytest.raises(BadInput, match=r"^42-lantern changed while its checks ran$"):
        write_record(proof)
    assert "wrong/thin" in read_record(tree.module)["first_runs"]


def ran(tree: Any, seed: str = "a") -> tuple[Any, list[str]]:
    """A proof that keeps its reports, and the shops that ran for it."""
    told: list[str] = []
    kept = Kept(tree.module, seed)
    kept.begin()
    proof = prove(tree.module, variants(tree.module), seed=seed, kept=kept, say=told.append)
    return proof, [line.split()[1].rstrip(":") for line in told if line.endswith(" s)")]


def test_what_was_broken_off_goes_on_and_a_mended_promise_needs_no_run(tree: Any, sound: Any) -> None:
    sound["wrong/thin"] = RuntimeError("the power went")
    with pytest.raises(RuntimeError):
        ran(tree)
    sound["wrong/thin"] = report(P, P)
    proof, shops = ran(tree)
    assert shops == ["wrong/thin"]
    assert [str(found).split(": ")[1] for found in proof.findings] == ["wrong-loses"]
    write_record(proof)
    Kept(tree.module, "a").end(clean=False)
    tree.change(f"{S}/wrong/thin.patch", "Loses: stays-lit", "Loses: 42-h1")
    assert ran(tree)[1] == []
    tree.change(f"{S}/wrong/thin.patch", "GLASS = 0", "GLASS = 2")
    assert ran(tree)[1] == ["wrong/thin"]
    assert len(ran(tree, seed="b")[1]) == 6
    tree.change("labs/42-lantern/lab.toml", "minutes = 30", "minutes = 31")
    assert len(ran(tree)[1]) == 6


def test_what_a_record_has_counted_runs_again(tree: Any, sound: Any) -> None:
    sound["reference"] = report(F, P)
    for _ in range(2):
        proof, shops = ran(tree)
        assert len(shops) == 6
        record = write_record(proof)
        Kept(tree.module, "a").end(clean=not proof.findings)
    assert record["verdicts"]["stays-lit"] == {"given": 12, "wrong": 2, "unknown": 0}


def test_where_only_a_lesson_was_mended_nothing_is_counted_twice(tree: Any, sound: Any) -> None:
    proof, _ = ran(tree)
    before = write_record(proof)
    Kept(tree.module, "a").end(clean=False)
    tree.change(f"{S}/lesson.md", "```python", "```python\n# mended")
    is_counted = Kept(tree.module, "a").begin()
    proof, shops = ran(tree)
    assert (is_counted, shops) == (True, [])
    after = write_record(proof, is_counted=is_counted)
    assert [after[key] for key in ("runs", "verdicts", "margins")] == [
        before[key] for key in ("runs", "verdicts", "margins")
    ]
    assert is_current(tree.module)


def test_a_first_run_is_kept_for_ever(tree: Any, sound: Any) -> None:
    sound["wrong/thin"] = report(P, P)
    remember_first_runs(prove(tree.module, variants(tree.module), seed="a"))
    sound["wrong/thin"] = report(F, P)
    tree.change("labs/42-lantern/lab.toml", "minutes = 30", "minutes = 31")
    write_record(prove(tree.module, variants(tree.module), seed="b"))
    first = read_record(tree.module)["first_runs"]["wrong/thin"]
    assert (first["lost"], first["caught"], first["as_named"]) == ([], False, False)


def test_a_wrong_answer_first_runs_when_it_is_committed(tree: Any, sound: Any, git: Callable[..., str]) -> None:
    git(tree.root, "init", "-q")
    git(tree.root, "add", "-A")
    git(tree.root, "commit", "-q", "-m", "all")
    tree.change(f"{S}/wrong/thin.patch", "Loses: stays-lit", "Loses: 42-h1")
    proof = prove(tree.module, variants(tree.module), seed="a")
    (found,) = proof.findings
    assert str(found).startswith(f"{S}/wrong/thin.patch: first-run: it has never run, and its `Loses` is not committed")
    assert "wrong/thin" not in [one.name for one, _ in proof.reports]
    assert "wrong/thin" in [
        one.name for one, _ in prove(tree.module, variants(tree.module), seed="a", first_runs=["wrong/thin"]).reports
    ]


def test_a_shop_that_cannot_be_judged_is_a_finding(tree: Any, sound: Any) -> None:
    sound["reference"] = ShopDidNotStart("orders did not start: no module named app.")
    (found,) = prove(tree.module, variants(tree.module), seed="a").findings
    assert found.what == "reference: the checks did not run: orders did not start: no module named app"


def test_wrong_answers_run_beside_one_another_and_right_ones_alone(
    tree: Any, sound: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: set[str] = set()
    beside: dict[str, set[str]] = {}
    ended = {f"wrong/{name}": threading.Event() for name in ("none", "thick", "thin")}
    run = proofs.run_variant

    def watched(module: Any, variant: Variant, seed: str, select: tuple[str, ...]) -> Report:
        beside[variant.name] = set(running)
        running.add(variant.name)
        if variant.name == "wrong/none":  # it is the first, and ends last
            assert ended["wrong/thick"].wait(20)
            assert ended["wrong/thin"].wait(20)
        running.discard(variant.name)
        ended.get(variant.name, threading.Event()).set()
        return run(module, variant, seed, select)

    monkeypatch.setattr(proofs, "run_variant", watched)
    monkeypatch.setattr(runner, "suitable_workers", lambda engine: 2)
    lines: list[str] = []
    proof = prove(tree.module, variants(tree.module), seed="a", say=lines.append)
    names = ["reference", "other/chimney", "naive", "wrong/none", "wrong/thick", "wrong/thin"]
    assert [variant.name for variant, _ in proof.reports] == names
    assert [line.split(": ")[1] for line in lines] == names
    assert beside["wrong/thick"] == beside["wrong/thin"] == {"wrong/none"}
    assert not any(beside[name] for name in names[:2])


def test_what_cannot_be_judged_beside_others_does_not_lose_them(tree: Any, sound: Any) -> None:
    sound["wrong/none"] = ShopDidNotStart("orders did not start: no module named app.")
    proof = prove(tree.module, variants(tree.module), seed="a")
    assert [one.rule for one in proof.findings] == ["run"]
    assert [variant.name for variant, _ in proof.reports][-2:] == ["wrong/thick", "wrong/thin"]


@pytest.mark.parametrize(("troubles", "rules"), [(1, []), (2, ["unknown"])])
def test_trouble_of_ours_beside_others_is_met_again_alone(
    tree: Any, sound: Any, monkeypatch: pytest.MonkeyPatch, troubles: int, rules: list[str]
) -> None:
    ran: list[str] = []
    run = proofs.run_variant

    def troubled(module: Any, variant: Variant, seed: str, select: tuple[str, ...]) -> Report:
        ran.append(variant.name)
        return (
            report(F, U)
            if variant.name == "wrong/none" and ran.count("wrong/none") <= troubles
            else run(module, variant, seed, select)
        )

    monkeypatch.setattr(proofs, "run_variant", troubled)
    proof = prove(tree.module, variants(tree.module), seed="a")
    assert [one.rule for one in proof.findings] == rules
    assert len(proof.reports) == 6
    assert ran[-1] == "wrong/none"


def test_an_interrupt_leaves_no_process(tree: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judges' processes here have nothing to judge, and never end by themselves."""
    program = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1], str(os.getpid())).touch(); time.sleep(600)"
    begun = tmp_path / "begun"
    begun.mkdir()

    def run(module: Any, variant: Variant, seed: str, select: tuple[str, ...]) -> Report:
        if variant.name == "wrong/none":
            until(lambda: len(list(begun.iterdir())) == 2)
            raise ShopDidNotStart("orders did not start.")
        return run_checks(CheckJob(module.id, tmp_path), within=[sys.executable, "-c", program, str(begun)])

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(proofs, "run_variant", run)
    monkeypatch.setattr(runner, "suitable_workers", lambda engine: 3)
    wrong = [one for one in variants(tree.module) if one.kind == "wrong"]
    with pytest.raises(KeyboardInterrupt):
        prove(tree.module, wrong, seed="a", say=interrupt)
    for pid in begun.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.name), 0)


def test_a_brief_run_asks_of_wrong_answers_what_they_must_lose_and_adds_to_the_record(
    tree: Any, sound: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write_record(prove(tree.module, variants(tree.module), seed="a"))
    proof = prove(tree.module, variants(tree.module), seed="b", first_runs=whole["first_runs"], brief=True)
    assert proof.findings == []
    ran = {variant.name: [check.id for check in report.checks] for variant, report in proof.reports}
    assert ran["reference"] == ["starts", "stays-lit", "42-h1"]
    assert ran["wrong/thin"] == ["stays-lit"]
    record = write_record(proof, load="busy")
    assert (record["runs"], record["loads"]) == (2, {"busy": 1})
    assert record["kill_matrix"] == whole["kill_matrix"]
    assert record["verdicts"]["42-h1"]["given"] == whole["verdicts"]["42-h1"]["given"] + 3

    told, asked = [report(U, P), report(F, P)], []
    monkeypatch.setattr(proofs, "run_variant", lambda _, one, *args, **__: asked.append(one.name) or told.pop(0))
    thin = [one for one in variants(tree.module) if one.name == "wrong/thin"]
    assert prove(tree.module, thin, seed="c", first_runs=whole["first_runs"], brief=True).findings == []
    assert asked == ["wrong/thin"] * 2


def test_a_check_that_was_asked_for_and_gave_no_verdict_is_a_finding(tree: Any, sound: Any) -> None:
    whole = write_record(prove(tree.module, variants(tree.module), seed="a"))
    sound["wrong/thin"] = replace(sound["wrong/thin"], checks=())
    [found] = prove(tree.module, variants(tree.module), seed="c", first_runs=whole["first_runs"], brief=True).findings
    assert found.what == "wrong/thin: stays-lit gave no verdict"


def test_goldens_hold_what_is_said_but_not_its_numbers(tree: Any, sound: Any) -> None:
    write_record(prove(tree.module, variants(tree.module), seed="a"))
    goldens = read_goldens(tree.module)

    def compare(name: str, now: Report) -> list[str]:
        return [str(one) for one in compare_goldens(tree.module, variant(tree, name), now, goldens)]

    assert compare("naive", report(F, F, "went out after 7.7 s")) == []
    assert compare("naive", report(F, F, "was blown out after 7.7 s")) == [
        f"{S}/goldens.json: golden: naive: stays-lit now says failed, 0 points, 'was blown out after # s'; "
        "if that is better, course dev record 42"
    ]
    # What a wrong answer may lose, it may lose for one reason or another.
    assert compare("wrong/thin", report(F, F, "went out after 2.0 s")) == []


def test_an_answer_without_goldens_is_named(tree: Any) -> None:
    (found,) = compare_goldens(tree.module, variant(tree, "wrong/thin"), report(F, P), {})
    assert str(found) == f"{S}/goldens.json: golden: wrong/thin has no goldens; course dev record 42"


@pytest.mark.parametrize(
    ("measurement", "ratio"),
    [
        (Measurement("wait", 0.5, 2.0, "s"), 4.0),
        (Measurement("wait", 8.0, 2.0, "s"), 0.25),
        (Measurement("wait", 0.0, 2.0, "s"), 1000.0),
        (Measurement("sales", 40.0, 10.0, "/s", at_most=False), 4.0),
        (Measurement("sales", 0.0, 10.0, "/s", at_most=False), 0.001),
    ],
)
def test_a_ratio_tells_how_far_inside(measurement: Measurement, ratio: float) -> None:
    assert measurement.inside_by == pytest.approx(ratio)


def test_thin_margins_are_findings_on_either_side(tree: Any) -> None:
    runs = [
        (variant(tree, "reference"), report(P, P, wait_s=1.5)),
        (variant(tree, "wrong/thin"), report(F, P, wait_s=3.0)),
    ]
    sides = [one.what for one in thin(tree.module, margins(runs))]
    assert sides == [
        "stays-lit: reference lies only 1.33× inside the bound of the wait",
        "stays-lit: wrong/thin lies only 1.50× outside the bound of the wait",
    ]


def test_an_answer_that_may_lose_a_check_has_no_margin_there(tree: Any) -> None:
    tree.change(f"{S}/wrong/thin.patch", "Loses: stays-lit\nMay lose: 42-h1", "Loses: 42-h1\nMay lose: stays-lit")
    [found] = margins([(variant(tree, "wrong/thin"), report(F, P, wait_s=3.0))])
    assert (found.what, found.outside) == ("the wait", None)


def test_counts_have_no_margin(tree: Any) -> None:
    check = CheckResult("stays-lit", P, 2, 2, "S.", "", 0.1, measurements=(Measurement("captures", 1, 1, "captures"),))
    assert margins([(variant(tree, "reference"), Report("42-lantern", "embedded", (check,)))]) == []


def test_a_record_is_summed_up_in_a_line(tree: Any, sound: Any) -> None:
    write_record(prove(tree.module, variants(tree.module), seed="a"))
    record = write_record(prove(tree.module, variants(tree.module), seed="b"))
    assert summary(record) == (
        "0 wrong of 36 verdicts (below 8.3%), 0 unknown, in 2 runs; thinnest margin 2.5×; "
        "0 of 0 blind wrong answers caught at first run"
    )


def test_the_record_is_plain_json(tree: Any, sound: Any) -> None:
    write_record(prove(tree.module, variants(tree.module), seed="a"))
    record = Path(tree.root, S, "record.json").read_text(encoding="utf-8")
    assert json.loads(record)["module"] == "42-lantern"
    assert "NaN" not in record
    assert "Infinity" not in record


def test_patches_of_both_kinds_are_read(tree: Any) -> None:
    assert [one.name for one in read_patches(tree.module, "other")] == ["other/chimney"]
