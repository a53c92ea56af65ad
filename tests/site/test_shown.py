"""Which cells of a lesson the site shows: code on an allow-list alone, with what it gave."""

import json
from pathlib import Path

import pytest

from autograder.markup import to_notebook
from autograder.release import write_notebook
from breakwater.dev.content import ModuleContent
from breakwater.dev.pages import _recordings, lessons

LESSON = """\
# The lantern

It went out at 10:07.

```python tags=["show"]
print("lit", 6 * 7)
```

```python
print("dark", 6 * 8)
```

```python
predict.compare("seconds", print("guessed", 6 * 9))
```

```python exercise="glass"
def glass():
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION
print("solved", 6 * 10)
```

```python test="glass-public" points=1
print("graded", 6 * 11)
```

<!-- #region answer="own" points=1 -->
What of yours?

### BEGIN MARK SCHEME
A chimney.
### END MARK SCHEME
<!-- #endregion -->
"""
PREDICT = """\
```python
class predict:
    compare = print
```

"""
SAID = ["lit 42", "dark 48", "guessed 54", "solved 60", "graded 66"]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleContent:
    monkeypatch.setattr(_recordings, "SITE", tmp_path / "site")
    return ModuleContent("42-lantern", tmp_path)


def released(module: ModuleContent, text: str) -> Path:
    """The notebook of a lesson with this text, with its solutions still in it, which a release takes out."""
    source = module.solutions / "lesson.md"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(text, encoding="utf-8")
    notebook = module.notebooks / "lesson.ipynb"
    write_notebook(to_notebook(source), notebook)
    return notebook


def page(notebook: Path, recording: _recordings.Recording) -> str:
    return lessons._page("modules/42-lantern/lesson.md", "<!-- made -->", _recordings.cells(notebook), recording)


def of_everything(notebook: Path) -> _recordings.Recording:
    """A recording that holds the result of every cell, as if its maker had let all of them through."""
    keys = (_recordings._key(cell) for cell in _recordings.cells(notebook) if cell["cell_type"] == "code")
    return {"results": {key: [{"kind": "text", "text": said}] for key, said in zip(keys, SAID, strict=True)}}


def test_code_with_the_tag_is_shown_with_what_it_gave(module: ModuleContent) -> None:
    notebook = released(module, LESSON)
    shown = page(notebook, of_everything(notebook))
    assert 'print("lit", 6 * 7)' in shown
    assert [said for said in SAID if said in shown] == ["lit 42"]


def test_other_code_is_named_and_nothing_of_it_shown(module: ModuleContent) -> None:
    notebook = released(module, LESSON)
    shown = page(notebook, of_everything(notebook))
    assert [line for line in shown.splitlines() if "bw-exercise" in line] == [
        lessons.CODE,
        lessons.GUESS,
        lessons.EXERCISE.format(name="glass"),
    ]
    assert not [word for word in ("dark", "guessed", "return 1", "6 * 10", "graded", "chimney") if word in shown]
    assert "It went out at 10:07." in shown
    assert "What of yours?" in shown


def test_what_is_graded_is_not_shown_whatever_its_tags_say(module: ModuleContent) -> None:
    text = LESSON.replace('exercise="glass"', 'exercise="glass" tags=["show"]').replace(
        'points=1\nprint("g', 'points=1 tags=["show"]\nprint("g'
    )
    assert text.count('tags=["show"]') == 3
    notebook = released(module, text)
    assert page(notebook, of_everything(notebook)) == page(released(module, LESSON), of_everything(notebook))


def test_a_recorded_run_keeps_what_tagged_cells_gave_and_nothing_else(module: ModuleContent) -> None:
    notebook = released(module, PREDICT + LESSON)
    kept = json.dumps(_recordings._run_lesson(module, notebook))
    assert [said for said in SAID if said in kept] == ["lit 42"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("```python\nprint", '```python tags=["show"]\nprint'), (' tags=["show"]', "")],
    ids=["a cell more", "a cell less"],
)
def test_a_recording_of_other_cells_than_may_be_shown_is_stale(module: ModuleContent, old: str, new: str) -> None:
    notebook = released(module, LESSON)
    recording = {
        "code": _recordings.lesson_digest(module, notebook),
        "results": {_recordings._key(cell): [] for cell in _recordings._shown_code(notebook)},
    }
    place = _recordings.place(module, notebook)
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(recording), encoding="utf-8")
    assert not _recordings._is_stale(module, notebook)
    assert _recordings._is_stale(module, released(module, LESSON.replace(old, new, 1)))
