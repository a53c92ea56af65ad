"""`course dev check`, `record`, `new` and `rebase`, as they are typed."""

import json
import subprocess
import sys
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from breakwater import paths
from breakwater.checks.verdict import CheckResult, Report, Verdict
from breakwater.cli import dev
from breakwater.dev import proof as proofs
from breakwater.dev.judge import expected
from breakwater.dev.variants import Variant
from breakwater.errors import BadInput


@pytest.fixture
def course(tree: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`course(…)` on the small tree, whose shops do what was promised of them unless they are in `course.odd`."""
    odd: dict[str, Verdict] = {}
    ran: list[str] = []

    def run(module: object, variant: Variant, seed: str, select: tuple[str, ...]) -> Report:
        ran.append(variant.name)
        rows = {"starts": 0.0, "stays-lit": 2.0, "42-h1": 1.0}
        checks = []
        for name, points in rows.items():
            check = CheckResult(name, Verdict.PASSED, points, points, "It is lit.", f"{name}: 1 s", 0.1)
            verdict = odd.get(variant.name) or min(expected(variant, check))
            checks.append(CheckResult(name, verdict, 0.0, points, "It is lit.", f"{name}: 1 s", 0.1))
        return Report("42-lantern", "embedded", tuple(checks))

    monkeypatch.setattr(paths, "ROOT", tree.root)
    monkeypatch.setattr(proofs, "run_variant", run)
    monkeypatch.setattr(proofs, "prove_notebooks", lambda module: ())
    app = Typer()
    dev.register(app)

    def call(*words: str) -> Result:
        return CliRunner().invoke(app, ["dev", *words])

    call.odd, call.ran = odd, ran  # type: ignore[attr-defined]
    return call


def test_a_clean_tree_ends_with_0(course: Any) -> None:
    result = course("check", "42", "--static")
    assert (result.exit_code, result.stdout) == (0, "42-lantern: no findings\n")
    assert course.ran == []


def test_findings_are_a_line_each_and_end_with_1(tree: Any, course: Any) -> None:
    (tree.root / "labs/42-lantern/README.md").unlink()
    result = course("check", "--all", "--static")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "labs/42-lantern/README.md: file-missing: there is no such file; write it",
        "solutions/42-lantern/lesson.md:32: link: `../../labs/42-lantern/README.md` leads nowhere; "
        "name a file, or heading, that exists",
        "42-lantern: 2 findings",
    ]


def test_findings_are_json_where_a_program_reads_them(tree: Any, course: Any) -> None:
    (tree.root / "labs/42-lantern/hints.toml").unlink()
    told = json.loads(course("check", "42", "--static", "--json").stdout)
    assert told == {
        "modules": ["42-lantern"],
        "findings": [
            {
                "file": "labs/42-lantern/hints.toml",
                "line": 0,
                "rule": "file-missing",
                "what": "there is no such file",
                "remedy": "write it",
            }
        ],
    }


def test_the_full_half_runs_every_variant_and_needs_goldens(tree: Any, course: Any) -> None:
    tree.write("solutions/42-lantern/goldens.json", '{"starts": {}}')
    result = course("check", "42", "--seed", "s")
    assert course.ran[:2] == ["reference", "other/chimney"]  # each alone; the others side by side
    assert sorted(course.ran[2:]) == ["naive", "wrong/none", "wrong/thick", "wrong/thin"]
    assert "goldens.json: golden: naive has no goldens; course dev record 42" in result.stdout


def test_one_shop_can_be_run_alone(course: Any) -> None:
    course("check", "42", "--only", "naive", "--only", "wrong/thin")
    assert course.ran == ["naive", "wrong/thin"]
    assert str(course("check", "42", "--only", "wrong/thn").exception) == (
        "42-lantern has no wrong/thn. Did you mean `wrong/thin`?"
    )


def test_what_was_never_recorded_is_one_finding(tree: Any, course: Any) -> None:
    for name in ("record.json", "goldens.json"):
        (tree.root / "solutions/42-lantern" / name).unlink()
    assert course("check", "42").stdout.splitlines() == [
        "solutions/42-lantern/goldens.json: record-current: there are no goldens; course dev record 42",
        "solutions/42-lantern/record.json: record-current: there is no record; course dev record 42",
        "42-lantern: 2 findings",
    ]


def test_a_record_makes_the_check_clean(course: Any) -> None:
    assert course("record", "42").exit_code == 0
    assert course("check", "42").exit_code == 0
    course.ran.clear()
    assert course("check", "--all", "--changed").exit_code == 0
    assert sorted(course.ran) == ["naive", "reference"]


def test_a_stale_record_is_run_again_and_is_a_finding(tree: Any, course: Any) -> None:
    course("record", "42")
    tree.change("labs/42-lantern/lab.toml", "minutes = 30", "minutes = 31")
    course.ran.clear()
    result = course("check", "--all", "--changed")
    assert result.exit_code == 1
    assert "wrong/thin" in course.ran
    assert "something that can change a verdict is newer than the record; course dev record 42" in result.stdout


def test_a_broken_promise_is_told_by_check_and_record(course: Any) -> None:
    course.odd["reference"] = Verdict.FAILED
    result = course("record", "42", "--runs", "2")
    assert result.exit_code == 1
    assert result.stdout.count("reference-passes: reference: stays-lit failed") == 2


@pytest.mark.parametrize("words", [(), ("42", "--all")])
def test_check_wants_one_module_or_all(course: Any, words: tuple[str, ...]) -> None:
    assert isinstance(course("check", *words).exception, BadInput)


def test_an_unknown_module_is_named(course: Any) -> None:
    assert "lamtern" in str(course("check", "lamtern").exception)


def test_new_says_what_comes_next(tree: Any, course: Any) -> None:
    result = course("new", "43-torch")
    assert result.exit_code == 0
    assert "labs/43-torch/checks/test_public.py" in result.stdout
    assert result.stdout.endswith("What is left to write: course dev check 43 --static\n")
    assert course("check", "43", "--static").exit_code == 1


def test_rebase_of_what_fits_does_nothing(course: Any) -> None:
    assert course("rebase", "42").stdout == "42-lantern: no findings\n"


def test_the_static_half_imports_nothing_heavy() -> None:
    program = (
        "import sys; from breakwater.dev.content import Content; from breakwater.dev.static import check_course;"
        "content = Content(); check_course(content, content.modules(built=True));"
        "heavy = {'nbgrader', 'jupytext', 'pytest', 'nbformat', 'fastapi', 'sqlalchemy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=paths.ROOT)
