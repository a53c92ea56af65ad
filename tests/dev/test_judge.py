"""What came out against what was promised, and how the shops are run for it."""

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
from breakwater.checks.verdict import Report, Verdict
from breakwater.dev import proof as proofs
from breakwater.dev.judge import compare_goldens, judge
from breakwater.dev.patches import read_patches
from breakwater.dev.proof import prove
from breakwater.dev.record import read_goldens, write_record
from breakwater.dev.variants import Variant, variants
from breakwater.errors import ShopDidNotStart
from tests.dev.reports import F, P, S, U, report, result, variant
from tests.waiting import until


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


def test_patches_of_both_kinds_are_read(tree: Any) -> None:
    assert [one.name for one in read_patches(tree.module, "other")] == ["other/chimney"]
