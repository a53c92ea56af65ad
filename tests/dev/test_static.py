"""Each static rule: break one thing in a sound tree, and read the one line that comes of it."""

import json
import re
from typing import Any

import pytest

ID = "42-lantern"
L, S = f"labs/{ID}", f"solutions/{ID}"
PUBLIC, HIDDEN, LESSON = f"{L}/checks/test_public.py", f"{S}/checks/test_hidden.py", f"{S}/lesson.md"
QUIZ = f"{S}/quiz.toml"


def test_a_sound_tree_has_no_finding(tree: Any) -> None:
    assert tree.findings() == []


# What to replace in which file (an empty replacement for `None` removes the file), and the line that must come.
BROKEN = {
    "lab file missing": (f"{L}/README.md", None, "", f"{L}/README.md: file-missing: there is no such file; write it"),
    "no hints file": (f"{L}/hints.toml", None, "", f"{L}/hints.toml: file-missing: there is no such file; write it"),
    "no lesson": (LESSON, None, "", f"{S}/lesson*.md: file-missing: there is no such file; write it"),
    "too few wrong answers": (f"{S}/wrong/thin.patch", None, "", f"{S}/wrong: answers-enough: 2 of at least 3 wrong"),
    "too few others": (f"{S}/other/chimney.patch", None, "", f"{S}/other: answers-enough: 0 of at least 1 other"),
    "unknown key": (f"{L}/lab.toml", "minutes", "minuts", f"{L}/lab.toml:4: lab-toml: unknown key `minuts`. Did you"),
    "another module": (f"{L}/lab.toml", '"42-lantern"', '"43-torch"', f"{L}/lab.toml:2: lab-toml: `module` is '43-t"),
    "unknown outcome": (f"{L}/lab.toml", "n.light", "n.dark", f"{L}/lab.toml:3: outcome-known: outcome `lantern.dark`"),
    "unknown service": (f"{L}/lab.toml", 's = ["orders"]\ne', 's = ["ordres"]\ne', f"{L}/lab.toml:5: lab-toml: `serv"),
    "edits elsewhere": (
        f"{L}/lab.toml",
        'edits = ["orders"]',
        "edits = []",
        f"{S}/boxoffice/orders/app/main.py: refer",
    ),
    "placeholder": (
        f"{L}/README.md",
        "Lantern",
        "TO WRITE: the guide.",
        f"{L}/README.md:1: to-write: still to write: the",
    ),
    "syllabus placeholder": (
        "course.toml",
        "It goes",
        "TO WRITE: it",
        "course.toml:12: to-write: still to write: it out",
    ),
    "no points": (PUBLIC, "points(2, ", "points(0, ", f"{PUBLIC}:6: check-points: test_stays_lit: no points; add"),
    "points computed": (PUBLIC, "points(2, ", "points(TWO, ", f"{PUBLIC}:6: check-points: test_stays_lit: no points"),
    "no outcome": (PUBLIC, ', outcome="lantern.light"', "", f"{PUBLIC}:6: check-outcome: test_stays_lit: no outcome"),
    "other outcome": (PUBLIC, "lantern.light", "lantern.lihgt", f"{PUBLIC}:6: check-outcome: test_stays_lit: outcome"),
    "no id": (PUBLIC, '@pytest.mark.check("stays-lit")\n', "", f"{PUBLIC}:5: check-id: test_stays_lit: no id; add"),
    "not kebab": (PUBLIC, '"stays-lit"', '"stays_lit"', f"{PUBLIC}:6: check-id: test_stays_lit: `stays_lit` is not"),
    "no sentence": (
        PUBLIC,
        '"""A draught does',
        '"""a draught does',
        f"{PUBLIC}:6: check-sentence: test_stays_lit: no",
    ),
    "no message": (
        PUBLIC,
        ', "the lantern went out after 2.0 s"',
        "",
        f"{PUBLIC}:8: assert-message: an assert without",
    ),
    "syntax error": (PUBLIC, "async def", "async dfe", f"{PUBLIC}:6: check-syntax: "),
    "a class": (
        PUBLIC,
        "import pytest\n",
        "class TestAll:\n    pass\n",
        f"{PUBLIC}:1: check-function: `TestAll` is",
    ),
    "telling hidden id": (
        HIDDEN,
        "42-h1",
        "rain",
        f"{HIDDEN}:6: check-id: test_stays_lit_in_rain: the hidden id `rain`",
    ),
    "unknown need": (HIDDEN, '["stays-lit"]', '["stays"]', f"{HIDDEN}:6: check-needs: test_stays_lit_in_rain: needs"),
    "id twice": (HIDDEN, '"42-h1"', '"stays-lit"', f"{HIDDEN}:6: check-id: the id `stays-lit` is taken by another"),
    "three hints": (
        f"{L}/hints.toml",
        '"Wind cools.", ',
        "",
        f"{L}/hints.toml:1: hints-four: 3 of 4 hints for `stays-l",
    ),
    "unknown hints": (
        f"{L}/hints.toml",
        "stays",
        "stay",
        f"{L}/hints.toml:1: hints-known: hints for no check: `stay-l",
    ),
    "hidden hints": (f"{L}/hints.toml", "[stays", "[42-h1]\n[stays", f"{L}/hints.toml:1: hints-hidden: hints for hidd"),
    "flaw without check": (
        "solutions/flaws.toml",
        "stays-lit",
        "stays",
        "solutions/flaws.toml:2: flaw-check: flaw `drau",
    ),
    "flaw without source": (
        "solutions/flaws.toml",
        'source = "observed"\n',
        "",
        "solutions/flaws.toml:2: flaw-complete:",
    ),
    "flaw that nothing sees": (
        "solutions/flaws.toml",
        'checks = ["stays-lit"]',
        "checks = []",
        "solutions/flaws.toml:2: flaw-complete: flaw `draught`",
    ),
    "flaw of no module": (
        "solutions/flaws.toml",
        "42-l",
        "43-l",
        "solutions/flaws.toml:2: flaw-complete: flaw `draught`",
    ),
    "no why": (
        f"{S}/other/chimney.patch",
        "Why: ",
        "Note: ",
        f"{S}/other/chimney.patch:1: patch-header: `Why` is miss",
    ),
    "no loses": (
        f"{S}/wrong/thin.patch",
        "Loses: stays-lit\n",
        "",
        f"{S}/wrong/thin.patch:1: patch-header: `Loses` is",
    ),
    "misspelt key": (
        f"{S}/wrong/thin.patch",
        "Misconception:",
        "Misconcepton:",
        f"{S}/wrong/thin.patch:2: patch-header",
    ),
    "loses no check": (
        f"{S}/wrong/thin.patch",
        "Loses: stays-lit",
        "Loses: stays",
        f"{S}/wrong/thin.patch:3: patch-nam",
    ),
    "lost twice": (
        f"{S}/wrong/thin.patch",
        "May lose: 42-h1",
        "May lose: stays-lit",
        f"{S}/wrong/thin.patch:4: patch-n",
    ),
    "does not apply": (
        f"{S}/boxoffice/orders/app/main.py",
        "GLASS",
        "PANE",
        f"{S}/other/chimney.patch: patch-applies: ",
    ),
    "myst": (LESSON, "It went", ":::{note}\nIt went", f"{LESSON}:3: commonmark: a `:::` directive is not CommonMark"),
    "myst fence": (LESSON, "It went", "```{note}\n```\nIt went", f"{LESSON}:3: commonmark: a MyST directive is not"),
    "admonition": (LESSON, "It went", "!!! note\n    It went", f"{LESSON}:3: commonmark: a `!!!` admonition is not"),
    "broken hints": (f"{L}/hints.toml", "hints =", "hint =", f"{L}/hints.toml:2: hints-toml: unknown key `hint`. "),
    "no hidden test": (
        LESSON,
        "### BEGIN HIDDEN TESTS\n",
        "",
        f"{LESSON}:34: exercise-tests: exercise `glass` has no hi",
    ),
    "no public test": (
        LESSON,
        '"glass-public"',
        '"gloss-public"',
        f"{LESSON}:34: exercise-tests: exercise `glass` has",
    ),
    "no solution": (LESSON, "### BEGIN SOLUTION", "#", f"{LESSON}:34: exercise-solution: exercise `glass` has no sol"),
    "test id twice": (
        LESSON,
        '"glass-hidden"',
        '"glass-public"',
        f"{LESSON}:45: cell-id: the id `glass-public` is tak",
    ),
    "no test points": (
        LESSON,
        '"glass-public" points=1',
        '"glass-public"',
        f"{LESSON}:41: cell-points: `glass-public`",
    ),
    "shown exercise": (
        LESSON,
        'exercise="glass"',
        'exercise="glass" tags=["wide", "show"]',
        f"{LESSON}:34: cell-show: `glass` is solved or graded, and its tag `show` would put it on the site; remove",
    ),
    "shown test": (
        LESSON,
        '"glass-hidden" points=1',
        '"glass-hidden" points=1 tags=["show"]',
        f"{LESSON}:45: cell-show: `glass-hidden` is",
    ),
    "shown answer": (
        LESSON,
        'answer="own-shop"',
        'tags=["show"] answer="own-shop"',
        f"{LESSON}:53: cell-show: `own-shop` is solved",
    ),
    "no prediction": (
        LESSON,
        'predict("seconds", None)',
        "",
        f"{LESSON}: lesson-parts: no trace of the part `predictio",
    ),
    "compared unpredicted": (
        LESSON,
        'predict("seconds"',
        'predict("hours"',
        f"{LESSON}:27: predict-first: `seconds` is",
    ),
    "paper first": (
        LESSON,
        "# The lantern",
        "## A paper\n# The lantern",
        f"{LESSON}:1: lesson-order: the part `paper` ",
    ),
    "long reading": (
        LESSON,
        "It went out",
        "word " * 1200,
        f"{LESSON}:1: reading-short: 1210 words (5 minutes) with no",
    ),
    "unknown question": (
        LESSON,
        "quiz: draught",
        "quiz: drauht",
        f"{LESSON}:13: quiz-known: there is no question `drau",
    ),
    "question not asked": (
        LESSON,
        "<!-- quiz: draught -->",
        "",
        f"{QUIZ}:2: quiz-asked: no lesson asks `draught`; put",
    ),
    "no quiz": (QUIZ, None, "", f"{LESSON}:13: quiz-known: there is no question `draught`; write it in quiz.toml"),
    "no answer right": (
        QUIZ,
        "right = true",
        "",
        f"{QUIZ}:1: quiz-toml: item 1 of `question`: no options of `draught`",
    ),
    "two answers right": (
        QUIZ,
        'dark"',
        'dark"\nright = true',
        f"{QUIZ}:1: quiz-toml: item 1 of `question`: 2 options of `draug",
    ),
    "unexplained answer": (QUIZ, 'because = "One', '# "One', f"{QUIZ}:10: quiz-toml: key `because` is missing"),
    "half an explanation": (
        QUIZ,
        " It burned on.",
        "",
        f"{QUIZ}:12: quiz-toml: `because`: two sentences are needed: what",
    ),
    "misspelt quiz key": (
        QUIZ,
        "because",
        "becuase",
        f"{QUIZ}:8: quiz-toml: unknown key `becuase`. Did you mean `beca",
    ),
    "dead link": (
        LESSON,
        "README.md",
        "GUIDE.md",
        f"{LESSON}:32: link: `../../labs/42-lantern/GUIDE.md` leads nowhere",
    ),
    "dead anchor": (
        LESSON,
        "#Guess-first",
        "#guessing",
        f"{LESSON}:32: link: `#guessing` leads nowhere; name a file, or",
    ),
}


@pytest.mark.parametrize(("file", "old", "new", "line"), BROKEN.values(), ids=BROKEN.keys())
def test_one_broken_thing_gives_its_line(tree: Any, file: str, old: str | None, new: str, line: str) -> None:
    if old is None:
        (tree.root / file).unlink()
    else:
        tree.change(file, old, new)
    tree.bless()
    found = tree.findings()
    assert any(one.startswith(line) for one in found), "\n".join(found)
    for one in found:
        assert re.fullmatch(r"[^\n:]+(:\d+)?: [a-z-]+: [^\n]+; [^\n]+", one), (
            f"not one line with file, rule, remedy: {one}"
        )


def test_a_file_that_has_no_place_is_named(tree: Any) -> None:
    tree.write(f"{L}/notes.txt", "x")
    assert tree.findings()[0].startswith(
        f"{L}/notes.txt: file-unexpected: `notes.txt` has no place in a module; remove"
    )


def test_what_is_not_the_learners_is_not_changed(tree: Any) -> None:
    tree.write(f"{S}/boxoffice/provider/app/main.py", "")
    tree.bless()
    assert f"{S}/boxoffice/provider/app/main.py: not-theirs: `provider/` is not the learner's" in tree.findings()[0]


def test_a_notebook_of_an_older_lesson_is_stale(tree: Any) -> None:
    tree.change(LESSON, "10:07", "10:08")
    what = "it was generated from an older lesson.md; course release 42"
    assert tree.findings() == [f"modules/{ID}/lesson.ipynb: notebook-current: {what}"]


def test_a_lab_notebook_of_other_checks_is_stale(tree: Any) -> None:
    tree.change(f"modules/{ID}/lab.ipynb", '"points": 2', '"points": 3')
    what = "its graded cells are not the checks that there are; course release 42"
    assert tree.findings() == [f"modules/{ID}/lab.ipynb: notebook-current: {what}"]


def test_a_lesson_without_its_notebook_is_named(tree: Any) -> None:
    (tree.root / "modules" / ID / "lesson.ipynb").unlink()
    what = "lesson.md has no notebook; course release 42"
    assert tree.findings() == [f"modules/{ID}/lesson.ipynb: notebook-current: {what}"]


@pytest.mark.parametrize(
    "file",
    [
        "labs/boxoffice/orders/app/main.py",
        f"{L}/lab.toml",
        f"{S}/other/chimney.patch",
        PUBLIC,
        HIDDEN,
    ],
)
def test_whatever_can_change_a_verdict_makes_the_record_stale(tree: Any, file: str) -> None:
    mark = "Why: really\n" if file.endswith(".patch") else "# changed\n"
    tree.write(file, mark + tree.read(file))
    line = f"{S}/record.json: record-current: something that can change a verdict is newer than the record; course dev"
    assert any(one.startswith(line) for one in tree.findings())


@pytest.mark.parametrize("file", [f"{L}/hints.toml", f"{L}/README.md", "course.toml"])
def test_prose_leaves_the_record_current(tree: Any, file: str) -> None:
    tree.write(file, tree.read(file) + "\n# changed\n")
    assert tree.findings() == []


def test_a_cell_of_code_may_be_shown_and_the_proof_still_holds(tree: Any) -> None:
    tree.change(LESSON, "```python\npredict.compare", '```python tags=["show"]\npredict.compare')
    assert tree.findings() == [
        f"modules/{ID}/lesson.ipynb: notebook-current: it was generated from an older lesson.md; course release 42"
    ]


def test_the_judging_code_is_part_of_the_digest(tree: Any) -> None:
    tree.write("breakwater/checks/__init__.py", "from breakwater import clock\n")
    tree.write("breakwater/clock.py", "NOW = 1\n")
    tree.write("breakwater/elsewhere.py", "NOW = 1\n")
    tree.bless()
    tree.write("breakwater/elsewhere.py", "NOW = 2\n")
    assert tree.findings() == []
    tree.write("breakwater/clock.py", "NOW = 2\n")
    assert "record-current" in tree.findings()[0]


def test_a_record_of_a_run_with_findings_does_not_count(tree: Any) -> None:
    record = f"{S}/record.json"
    tree.write(record, json.dumps({**json.loads(tree.read(record)), "clean": False}))
    assert tree.findings() == [f"{S}/record.json: record-current: the recorded run had findings; course dev record 42"]


def test_a_thin_margin_is_a_finding(tree: Any) -> None:
    record = f"{S}/record.json"
    margin = {
        "check": "stays-lit",
        "what": "the wait",
        "bound": 2.5,
        "unit": "s",
        "inside": 1.5,
        "inside_by": "reference",
    }
    tree.write(record, json.dumps({**json.loads(tree.read(record)), "margins": [margin]}))
    assert tree.findings() == [
        f"{S}/record.json: margin: stays-lit: reference lies only 1.50× inside the bound of the wait; "
        "redesign the check, or its bound of 2.5 s (at least 2×)"
    ]
