"""A lesson's marks become nbgrader's cells, or one line that says what to mend, and where."""

from pathlib import Path
from typing import Any

import pytest

from autograder.markup import to_notebook
from breakwater.errors import BadInput

EXERCISE = '```python exercise="add"\ndef add():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n```\n'
TEST = '```python test="add-public" points=1.5\nassert add()\n```\n'


@pytest.fixture
def lesson(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        file = tmp_path / "solutions" / "42-sample" / "lesson.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


def cells(notebook: Any) -> list[tuple[str, str, str]]:
    return [(cell.cell_type, cell.id, cell.source) for cell in notebook.cells]


def test_marks_become_nbgraders_metadata(lesson: Any) -> None:
    notebook = to_notebook(lesson(f"# One\n\n{EXERCISE}\n{TEST}"))
    exercise, test = (cell.metadata["nbgrader"] for cell in notebook.cells[1:])
    assert (exercise["grade"], exercise["solution"], exercise["locked"]) == (False, True, False)
    assert (test["grade"], test["solution"], test["locked"], test["points"]) == (True, False, True, 1.5)
    assert [cell.id for cell in notebook.cells] == ["cell-001", "add", "add-public"]


def test_equal_lessons_give_equal_notebooks(lesson: Any) -> None:
    file = lesson(f"# One\n\n{EXERCISE}\n{TEST}\n## Two\n\n```python\n1\n```\n")
    assert to_notebook(file) == to_notebook(file)


def test_an_answers_question_stays_and_its_mark_scheme_is_a_solution(lesson: Any) -> None:
    scheme = "### BEGIN MARK SCHEME\nsecret\n### END MARK SCHEME\n"
    notebook = to_notebook(lesson(f'<!-- #region answer="why" points=3 -->\nWhy?\n\n{scheme}<!-- #endregion -->\n'))
    question, answer = notebook.cells
    assert question.source == "Why?"
    assert answer.source == "### BEGIN SOLUTION\nsecret\n### END SOLUTION"
    assert (answer.metadata["nbgrader"]["grade"], answer.metadata["nbgrader"]["solution"]) == (True, True)


def test_other_fences_are_prose(lesson: Any) -> None:
    text = "Look:\n\n```bash\nls\n```\n\n```python .noeval\nnot run\n```\n\n```text\n### END SOLUTION\n```\n"
    notebook = to_notebook(lesson(text))
    assert {cell.cell_type for cell in notebook.cells} == {"markdown"}
    source = "\n".join(cell.source for cell in notebook.cells)
    assert "```bash\nls\n```" in source
    assert ".noeval" not in source


def test_tags_pass_through(lesson: Any) -> None:
    [cell] = to_notebook(lesson('```python tags=["show"]\n1\n```\n')).cells
    assert cell.metadata == {"tags": ["show"]}


def test_an_include_is_the_file(lesson: Any) -> None:
    file = lesson("Before.\n<!-- include: table.md -->\nAfter.\n")
    (file.parent / "table.md").write_text("| a |\n| --- |\n")
    [cell] = to_notebook(file).cells
    assert cell.source == "Before.\n| a |\n| --- |\nAfter."


def test_a_part_of_a_labs_program_is_included_as_code_to_read(lesson: Any, tmp_path: Path) -> None:
    program = tmp_path / "labs" / "42-sample" / "client.py"
    program.parent.mkdir(parents=True)
    program.write_text("class Client:\n    async def pay(self):\n        # once\n        return 1\n\n    x = 2\n")
    [cell] = to_notebook(lesson("<!-- include: ../../labs/42-sample/client.py#Client.pay -->\n")).cells
    assert cell.source == "```python\nasync def pay(self):\n    # once\n    return 1\n```"
    with pytest.raises(BadInput, match=r"line 1: .*client.py defines no Client.buy to include"):
        to_notebook(lesson("<!-- include: ../../labs/42-sample/client.py#Client.buy -->\n"))


QUIZ = """\
[[question]]
id = "tries"
text = "`orders` tries three times. How often?"
[[question.option]]
answer = "`3` < 4"
because = "You counted one layer. There are *two* of them."
[[question.option]]
answer = "9"
right = true
because = "They are nested. Each try starts three."
"""


def test_a_quiz_is_a_cell_whose_every_answer_opens(lesson: Any) -> None:
    file = lesson("Before.\n\n<!-- quiz: tries -->\n\nAfter.\n")
    file.with_name("quiz.toml").write_text(QUIZ)
    before, asked, after = to_notebook(file).cells
    assert (before.source, after.source) == ("Before.", "After.")
    assert asked.cell_type == "markdown"
    assert asked.source == (
        "**`orders` tries three times. How often?** Open the answer that you would give.\n\n"
        "<details><summary><code>3</code> &lt; 4</summary>\n\n"
        "**No.** You counted one layer. There are *two* of them.\n\n</details>\n\n"
        "<details><summary>9</summary>\n\n**Yes.** They are nested. Each try starts three.\n\n</details>"
    )


def test_a_question_that_there_is_not_is_named(lesson: Any) -> None:
    file = lesson("Hm.\n<!-- quiz: trise -->\n")
    with pytest.raises(BadInput, match=r"line 2: there is no question `trise` in the quiz\. Write it in"):
        to_notebook(file)
    file.with_name("quiz.toml").write_text(QUIZ)
    with pytest.raises(BadInput, match=r"line 2: there is no question `trise` in the quiz. Did you mean `tries`\?"):
        to_notebook(file)


def test_what_a_lesson_asks_is_part_of_its_digest(lesson: Any) -> None:
    asks = lesson("<!-- quiz: tries -->\n")
    silent = asks.with_name("lesson-2.md")
    silent.write_text("Hm.\n")
    file = asks.with_name("quiz.toml")
    file.write_text(QUIZ)
    before = [to_notebook(one).metadata.breakwater.source for one in (asks, silent)]
    file.write_text(QUIZ.replace("two", "three"))
    after = [to_notebook(one).metadata.breakwater.source for one in (asks, silent)]
    assert [one == two for one, two in zip(before, after, strict=True)] == [False, True]


WRONG = {
    "a key that nobody knows": (
        '```python exercize="add"\n1\n```',
        "line 1: unknown key `exercize`. Did you mean `exercise`?",
    ),
    "points that are no number": (
        '```python test="a" points="two"\n1\n```',
        "line 1: points must be a number of 0 or more",
    ),
    "a test without points": ('Hm.\n\n```python test="a"\n1\n```', "line 3: test `a` has no points: add points=1"),
    "points on an exercise": (
        EXERCISE.replace('"add"', '"add" points=1'),
        "line 1: points belong on a test or an answer",
    ),
    "an exercise without a solution": ('```python exercise="a"\n1\n```', "line 1: exercise `a` has no solution"),
    "a solution outside an exercise": (
        "```python\n### BEGIN SOLUTION\n### END SOLUTION\n```",
        "line 2: ### BEGIN SOLUTION",
    ),
    "a block without an end": (
        '```python test="a" points=1\n### BEGIN HIDDEN TESTS\n```',
        "line 1: ### BEGIN HIDDEN TESTS",
    ),
    "a fence without an end": ("Hm.\n\n```python\n1\n", "line 3: this fence is never closed"),
    "a region without an end": ('<!-- #region answer="a" points=1 -->\nWhy?\n', "line 1: this region is never closed"),
    "an id twice": (f"{TEST}\n{TEST}", "line 5: the id `add-public` is taken by"),
    "an id that is none": ('```python test="A b" points=1\n1\n```', "line 1: `A b` is no id"),
    "an include that is not there": ("<!-- include: no.md -->\n", "line 1: there is no file no.md"),
    "an include from elsewhere": ("<!-- include: ../no.md -->\n", "line 1: there is no file ../no.md"),
    "a quiz in a region": (
        '<!-- #region answer="a" points=1 -->\n<!-- quiz: b -->\n<!-- #endregion -->',
        "line 2: a quiz has a cell of its own: move it out of this region",
    ),
    "options that cannot be read": ('```python test="a\n1\n```', "line 1: `test="),
    "two kinds at once": (
        '```python test="a" exercise="b" points=1\n1\n```',
        "line 1: a cell is an exercise or a test",
    ),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_in_one_line(lesson: Any, text: str, says: str) -> None:
    with pytest.raises(BadInput) as told:
        to_notebook(lesson(text), {})
    assert "lesson.md, " + says in str(told.value)
    assert "\n" not in str(told.value)


def test_an_id_is_used_once_in_a_module(lesson: Any) -> None:
    with pytest.raises(BadInput, match="the id `add` is taken by lesson-0"):
        to_notebook(lesson(EXERCISE), {"add": "lesson-0.md, line 9"})
