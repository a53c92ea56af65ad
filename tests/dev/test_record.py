"""What is kept of a proof: counts, first runs, and reports to go on with."""

import json
from pathlib import Path
from typing import Any

import pytest

from breakwater.dev.kept import Kept
from breakwater.dev.proof import prove
from breakwater.dev.record import is_current, read_goldens, read_record, remember_first_runs, summary, write_record
from breakwater.dev.variants import variants
from breakwater.errors import BadInput
from tests.dev.reports import F, P, S, report


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
