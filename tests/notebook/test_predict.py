"""A guess is kept before the run, compared after it, and cannot be mended by hindsight."""

from pathlib import Path

import pytest

from breakwater.errors import BadInput
from breakwater.notebook import Predictions


@pytest.fixture
def predict(tmp_path: Path) -> Predictions:
    return Predictions(tmp_path / "work" / "predictions.json")


def test_a_guess_is_kept_and_compared(predict, capsys):
    predict("wait", 1.0, unit="s")
    predict.compare("wait", 4.0)
    assert capsys.readouterr().out.splitlines()[-1] == "You predicted 1 s; it was 4 s: a factor of 4.0 apart."
    assert [(one.id, one.guess, one.outcome) for one in predict.all()] == [("wait", 1.0, 4.0)]


def test_a_guess_may_be_changed_until_the_outcome_is_seen(predict, capsys):
    predict("wait", 1.0, unit="s")
    predict("wait", 3.5, unit="s")
    predict.compare("wait", 4.0)
    predict("wait", 4.0, unit="s")
    assert "stands: 3.5 s" in capsys.readouterr().out
    assert predict.all()[0].guess == 3.5


def test_no_guess_asks_for_one_and_keeps_none(predict, capsys):
    predict("wait", None, unit="s")
    predict("page", None, among=["faster", "slower"])
    assert "a number (s)" in capsys.readouterr().out
    assert predict.all() == []


def test_a_run_without_a_guess_still_tells_the_outcome(predict, capsys):
    predict.compare("wait", 4.0)
    assert capsys.readouterr().out.startswith("It was 4.")


@pytest.mark.parametrize(("outcome", "ends"), [("faster", "as you said."), ("slower", "not what you expected.")])
def test_a_choice_is_compared_by_words(predict, capsys, outcome, ends):
    predict("page", "faster", among=["faster", "slower"])
    predict.compare("page", outcome)
    assert capsys.readouterr().out.strip().endswith(ends)


@pytest.mark.parametrize(
    ("guess", "among", "says"),
    [("fastr", ["faster", "slower"], "Did you mean `faster`?"), ("soon", [], "is a str"), (True, [], "is a bool")],
)
def test_what_is_no_guess_is_one_line(predict, guess, among, says):
    with pytest.raises(BadInput, match=r".") as caught:
        predict("page", guess, among=among)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_ipython_shows_a_mistake_as_one_line():
    assert BadInput("no such seat")._render_traceback_() == ["no such seat"]
