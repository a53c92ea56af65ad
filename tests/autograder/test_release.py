"""What `course release` makes: whole, the same every time, and nothing that learners must not see."""

import json
import zipfile
from typing import Any

import nbformat
import pytest

NOTEBOOKS = "modules/42-sample"


def test_the_release_holds_what_is_listed_and_nothing_else(released: Any) -> None:
    folder = released.root / NOTEBOOKS
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"lesson.ipynb", "lab.ipynb", "figures/drawing.svg"}


def test_notebooks_are_valid(released: Any) -> None:
    for file in (released.root / NOTEBOOKS).glob("*.ipynb"):
        nbformat.validate(nbformat.read(file, as_version=4))


def test_learners_see_no_solution_no_hidden_test_and_no_mark_scheme(released: Any) -> None:
    for file in (released.root / NOTEBOOKS).glob("*.ipynb"):
        text = file.read_text()
        assert "SECRET" not in text
        assert "return sum(numbers)" not in text
        assert "[-41, 83]" not in text
    lab = (released.root / NOTEBOOKS / "lab.ipynb").read_text()
    assert "A seat is sold on a sunny day." in lab
    assert "Hidden check 42-h1" in lab


def test_an_answers_question_is_released(released: Any) -> None:
    text = (released.root / NOTEBOOKS / "lesson.ipynb").read_text()
    assert "Why is a sum of nothing zero?" in text
    assert "*Your answer here.*" in text


def test_a_second_release_is_the_same_to_the_byte(course: Any) -> None:
    def snapshot() -> dict[str, bytes]:
        files = [path for name in ("modules", "build") for path in (course.root / name).rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files}

    assert course.run("release").returncode == 0
    before = snapshot()
    assert course.run("release", "42", HOME="/tmp", USER="another", TZ="Asia/Tokyo").returncode == 0
    assert snapshot() == before


def test_a_release_tells_nothing_about_this_machine(released: Any) -> None:
    for file in (released.root / NOTEBOOKS).glob("*.ipynb"):
        assert str(released.root) not in file.read_text()
        assert json.loads(file.read_text())["metadata"]["kernelspec"]["name"] == "python3"


def test_learners_get_the_course_without_solutions_and_grader(released: Any) -> None:
    with zipfile.ZipFile(released.root / "build" / "learner.zip") as zipped:
        names = zipped.namelist()
        text = b"".join(zipped.read(name) for name in names)
    assert {"breakwater/course.toml", "breakwater/modules/42-sample/lesson.ipynb"} <= set(names)
    assert "breakwater/labs/42-sample/checks/test_public.py" in names
    assert not [name for name in names if name.split("/")[1] in ("solutions", "autograder", "tests", "class", "work")]
    assert b"SECRET" not in text


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "solutions/42-sample/lesson.md",
            "points=2",
            "pionts=2",
            "line 31: unknown key `pionts`. Did you mean `points`?",
        ),
        (
            "solutions/42-sample/lesson.md",
            "drawing.svg",
            "none.svg",
            "shows `figures/none.svg`, and there is no such file",
        ),
        (
            "labs/42-sample/checks/test_public.py",
            '@pytest.mark.check("sells")',
            "",
            "test_sells lacks @pytest.mark.check",
        ),
        ("labs/42-sample/lab.toml", "minutes", "minuts", "line 4: unknown key `minuts`. Did you mean `minutes`?"),
    ],
)
def test_a_mistake_is_told_in_one_line(course: Any, file: str, old: str, new: str, says: str) -> None:
    path = course.root / file
    path.write_text(path.read_text().replace(old, new, 1))
    done = course.run("release")
    assert done.returncode == 3
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_module_is_told(released: Any) -> None:
    done = released.run("release", "sampel")
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)
    assert "Did you mean `sample`?" in done.stderr


def test_a_learners_copy_cannot_release(course: Any) -> None:
    import shutil

    shutil.rmtree(course.root / "solutions")
    done = course.run("release")
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)
    assert "solutions/42-sample has no lesson*.md" in done.stderr
