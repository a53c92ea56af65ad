"""The feedback page: what a learner learns from it, what stays hidden, and that nothing on it acts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.classroom import LAB
from autograder.gradebook.results import Mark, Question
from autograder.labs import public
from autograder.pages import failures, feedback, moments, teaching
from breakwater.checks.verdict import Measurement, Report
from tests.autograder.made_up import LESSON, MODULE, WAIT, check, page, shape, submission, text

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</style><style>body{display:none}</style>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "{{ 7 * 7 }} {% raw %}",
    "</title><svg onload=alert(1)>",
    "&lt;script&gt; &#x202e;",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "right\u202eto\u2066left\u200f",
    "half \ud800 a pair",
    "\x00\x08\x7f\x9b31m",
    "x" * 100_000,
]


def told(html: str, name: str) -> str:
    """What stands beside a term of the page's lists."""
    found = re.search(rf"<dt>{name}</dt><dd[^>]*>(.*?)</dd>", html, re.DOTALL)
    assert found, name
    return text(found[1])


def test_a_failed_check_teaches() -> None:
    html = page(check())
    assert "A slow payment does not hold the order endpoint." in html
    assert "a buyer waited 5.2 s for an answer" in told(html, "What happened")
    assert told(html, "In numbers") == "longest wait of a buyer5.2 sallowed: 2.5 s"
    assert told(html, "Why") == "orders waited 5.0 s for payments, to the end"
    assert "gateway → orders POST /orders for buyer 1" in told(html, "Evidence")
    assert "the shop has handed all of it to payments" in told(html, "A thought that leads there")
    assert told(html, "Next").endswith("course hint 09 slow-payment --more")
    assert "Which of them" in told(html, "Next") or "Look at the moments" in told(html, "Next")
    assert told(html, "What it is about").startswith("Bound every wait")
    assert told(html, "Read").startswith("lesson 1, “Deadlines nest”, and Pat Helland, Life beyond")


def test_the_moments_are_drawn_and_told(tmp_path: Path) -> None:
    html = page(check())
    assert html.count('<img src="data:image/svg+xml;base64,') == 1
    assert [event.label for event in moments.events(check().evidence[0])] == [
        "",
        "POST /orders for buyer 1",
        "payments hangs",
        "captured 4500 cents for buyer 1",
        "(503)",
    ]


@pytest.mark.parametrize(
    "line", ["", "Traceback (most recent call last):", "a · b", "buyer → gateway 0.00 s · <b>", "x 1.00 s · y 2.00 s"]
)
def test_evidence_that_is_no_interleaving_is_told_as_it_is(line: str) -> None:
    assert moments.events(line) == []
    assert f"<pre>{line}</pre>".replace("<b>", "&lt;b&gt;") in page(check(evidence=(line,)))


def test_reading_is_linked_to_the_section_where_the_lesson_was_handed_in(tmp_path: Path) -> None:
    assert f'href="{LESSON}.html' not in page(check(), folder=tmp_path)
    (tmp_path / f"{LESSON}.html").write_text("")
    assert f'<a href="{LESSON}.html#Deadlines-nest">' in page(check(), folder=tmp_path)


def test_each_outcome_of_the_module_is_taught_somewhere() -> None:
    outcomes = teaching.outcomes(MODULE)
    assert [name for name, outcome in outcomes.items() if not outcome.places] == []
    lessons = [place for outcome in outcomes.values() for place in outcome.places if place.says.startswith("lesson")]
    assert lessons
    assert [place.says for place in lessons if not (place.notebook and place.paper)] == []


def test_an_unknown_check_is_nobodys_fault() -> None:
    html = page(check(verdict="unknown", message="the engine could not bring up the shop"))
    assert "no score, and that is not your fault" in told(html, "What happened")
    assert told(html, "The trouble") == "the engine could not bring up the shop"
    assert "waits for a person, of 3 points" in html
    assert "<dt>Next</dt>" not in html


def test_checks_that_need_another_one_are_not_explained_one_by_one() -> None:
    starts = check("starts", max_points=0.0, evidence=("Traceback:", "SyntaxError: invalid syntax"))
    html = page(starts, check(message="needs: starts"), check("09-h1", message="needs: starts", hidden=True))
    assert html.count("<article") == 1
    assert html.count("It was not tried: it needs “starts”, which did not pass.") == 2
    assert "<pre>Traceback:\nSyntaxError: invalid syntax</pre>" in html
    assert "0 of 2 checks passed" in html


def test_points_that_a_person_gave_count() -> None:
    unknown, question = check(verdict="unknown"), Question(LAB, "slow-payment", 3.0)
    html = page(unknown, submission=submission({question: Mark(2.5, False)}, late_s=90_000, penalty=0.5))
    assert "2.5 of 3 points" in html
    assert "<strong>2</strong> of 3 points" in html
    assert "0.5 points are taken off because it was handed in 25 h late" in html


def test_a_notebook_tells_its_points_its_public_failures_and_a_persons_words(graded_notebook: Path) -> None:
    folder = graded_notebook.parent
    (folder / f"{LESSON}.html").write_text("")
    marks = {
        Question(LESSON, "deadlines-public", 1.0): Mark(0.0, False),
        Question(LESSON, "deadlines-hidden", 2.0): Mark(1.0, False),
        Question(LESSON, "own-shop", 3.0): Mark(None, True, "Say <b>when</b>."),
    }
    row = feedback._notebook(LESSON, submission(marks), MODULE, folder, folder)
    html = page(submission=submission(marks), notebooks=[row])
    assert "The answer that never came" in html
    assert f'<a href="{LESSON}.html#deadlines-public">Deadlines nest</a>' in html
    assert "2.5 s is too long" in html
    assert "A hidden test of this cell did not pass." in html
    assert "waits for a person, of 3 points" in html
    assert "Say &lt;b&gt;when&lt;/b&gt;." in html
    assert "SECRET" not in html


# What must not be on it.

WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=4).map(lambda word: f"zq{word}qz")


@settings(deadline=None, max_examples=60)
@given(
    words=st.lists(WORDS, min_size=7, max_size=7, unique=True), verdict=st.sampled_from(["passed", "failed", "unknown"])
)
def test_of_a_hidden_check_no_text_is_told(words: list[str], verdict: str) -> None:
    sentence, message, evidence, then, what, path, unit = words
    hidden = check(
        "09-h1",
        verdict,
        hidden=True,
        sentence=sentence,
        message=message,
        evidence=(evidence, f"buyer → gateway {path} 0.00 s · gateway → buyer (503) 0.90 s"),
        next=then,
        measurements=(WAIT, Measurement(what, 5.0, 4.0, "s"), Measurement(WAIT.what, 5.0, 4.0, unit)),
    )
    html = page(check(), hidden)
    assert not [word for word in words if word in html]
    assert "Hidden check 09-h1" in html


@given(drawn=st.floats(5.0, 6.2))
def test_a_hidden_checks_numbers_do_not_tell_what_it_drew(drawn: float) -> None:
    hidden = check(
        "09-h1",
        hidden=True,
        why=f"orders waited {drawn:.1f} s",
        measurements=(Measurement(WAIT.what, drawn, 2.5, "s"),),
    )
    rows = public.view(Report(MODULE, "embedded", (check(), hidden)))["checks"]
    [measured] = rows[1]["measured"]
    assert (measured["what"], measured["value"], measured["bound"]) == (WAIT.what, 5.0, 2.5)
    assert rows[1]["why"] == "orders waited … s"


def test_a_hidden_quantity_that_no_public_check_bounds_is_not_told() -> None:
    hidden = check("09-h1", hidden=True, measurements=(Measurement("seats left", 3, 2, "seats"), WAIT))
    rows = public.view(Report(MODULE, "embedded", (hidden,)))["checks"]
    assert rows[0]["measured"] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_stranger_wrote_is_text_and_no_more(text: str) -> None:
    assert shape(hostile_page(text)) == shape(hostile_page("benign"))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1))
def test_any_text_leaves_the_page_as_it_is(text: str) -> None:
    assert shape(hostile_page(text)) == shape(hostile_page("benign"))


def hostile_page(words: str) -> str:
    """A page on which a stranger's words stand wherever they can."""
    marks = {Question(LESSON, "own-shop", 3.0): Mark(0.0, False, words)}
    question: dict[str, Any] = {"verdict": "failed", "href": "", "worth": words, "says": words, "comment": words}
    question |= {"title": "own-shop", "name": words or "x"}
    notebook = {"title": words, "href": "", "score": 0.0, "max_score": 3.0, "questions": [question]}
    failed = check(message=f"a {words}", why=f"a {words}", evidence=(f"a {words}",))
    html = page(failed, submission=submission(marks, student=words), notebooks=[notebook], notes=(words,))
    html.encode("utf-8")
    return html


def test_what_acts_on_the_eye_is_taken_out() -> None:
    html = hostile_page("\x1b[31mred\x1b[0m\u202eleft\u2066\x07")
    assert "\x1b" not in html
    assert "red\ufffdleft\ufffd\ufffd" in html
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", html)


def test_a_text_without_end_is_cut() -> None:
    assert len(hostile_page("x" * 1_000_000)) < 100_000


def test_the_policy_forbids_scripts_and_allows_the_one_style() -> None:
    html = page(check())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["style-src"].startswith("'sha256-")
    assert "script-src" not in rules
    assert [tag for tag, _ in shape(html) if tag in ("script", "link", "iframe", "object", "form")] == []
    assert [
        name for _, attributes in shape(html) for name, _ in attributes if name == "style" or name[:2] == "on"
    ] == []
    assert not re.findall(r'(?:src|href)="(?!#|data:image/svg)[^"]*', html)


# What is shown of a notebook.


@pytest.fixture
def graded_notebook(tmp_path: Path) -> Path:
    """An autograded notebook: one test failed in the open, one in its hidden part."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    def cell(name: str, source: str, value: str, line: int) -> Any:
        trace = ["AssertionError  Traceback", f"----> {line} assert f(17)", f"AssertionError: {value}"]
        error = new_output("error", ename="AssertionError", evalue=value, traceback=trace)
        about = {"grade": True, "grade_id": name, "points": 1}
        return new_code_cell(source, metadata={"nbgrader": about}, outputs=[error])

    hidden = 'assert f(1)\n### BEGIN HIDDEN TESTS\nassert f(17) == 42, "SECRET"\n### END HIDDEN TESTS'
    cells = [
        cell("deadlines-public", "assert f(2.5)", "2.5 s is too long", 1),
        cell("deadlines-hidden", hidden, "SECRET 17", 3),
    ]
    file = tmp_path / f"{LESSON}.ipynb"
    nbformat.write(new_notebook(cells=cells), file)
    return file


def test_a_learner_reads_public_failures_and_an_instructor_all(graded_notebook: Path) -> None:
    assert failures.shown(graded_notebook) == {
        "deadlines-public": "2.5 s is too long",
        "deadlines-hidden": "A hidden test of this cell did not pass.",
    }
    assert failures.whole(graded_notebook)["deadlines-hidden"] == "SECRET 17"
    assert failures.whole(graded_notebook.with_name("absent.ipynb")) == {}


LEARNERS_NAMES = (
    st.sampled_from(["NotJudged", "x\n----> 1 ", "----> 1 x", "\x1b[31m----> 1 ", "ValueError"]) | st.text()
)


@settings(deadline=None, max_examples=60)
@given(secret=WORDS, line=st.integers(2, 4), name=LEARNERS_NAMES)
def test_no_text_of_a_hidden_test_is_shown(
    tmp_path_factory: pytest.TempPathFactory, secret: str, line: int, name: str
) -> None:
    """Not even where a learner's function raises what it was asked with, in a class of errors of its own."""
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    source = f"x = 1\n### BEGIN HIDDEN TESTS\nassert f({secret!r})\n### END HIDDEN TESTS"
    trace = [f"{name:<42}Traceback (most recent call last)", f"----> {line} assert f({secret!r})", f"{name}: {secret}"]
    outputs = [
        new_output("stream", name="stdout", text=secret),
        new_output("error", ename=name, evalue=secret, traceback=trace),
    ]
    about = {"nbgrader": {"grade": True, "grade_id": "it", "points": 1}}
    notebook = new_notebook(cells=[new_code_cell(source, metadata=about, outputs=outputs)])
    file = tmp_path_factory.mktemp("hidden") / "lesson.ipynb"
    file.write_text(json.dumps(notebook), encoding="utf-8")
    assert secret not in "".join(failures.shown(file).values())


def test_why_a_cell_was_not_judged_is_shown(tmp_path: Path) -> None:
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    said = "NotJudged: this cell ended the kernel."
    error = new_output("error", ename="NotJudged", evalue="this cell ended the kernel.", traceback=[said])
    source = "### BEGIN HIDDEN TESTS\nassert f(1)\n### END HIDDEN TESTS"
    about = {"nbgrader": {"grade": True, "grade_id": "it", "points": 1}}
    notebook = new_notebook(cells=[new_code_cell(source, metadata=about, outputs=[error])])
    (tmp_path / "lesson.ipynb").write_text(json.dumps(notebook))
    assert failures.shown(tmp_path / "lesson.ipynb") == {"it": said}
