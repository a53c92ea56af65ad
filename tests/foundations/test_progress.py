"""Progress decides what opens first, and survives whatever stands in its file."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from breakwater import cli, paths, progress, syllabus
from breakwater.notebook import Predictions


def test_the_first_module_that_is_built_and_not_finished_comes_next(course: object) -> None:
    def next_id() -> str:
        module = progress.next_module()
        return module.id if module else ""

    assert next_id() == "09-resilience"
    progress.started("09-resilience")
    assert next_id() == "09-resilience"
    progress.passed("09-resilience")
    assert next_id() == "10-observability"
    progress.submitted("10-observability")
    assert next_id() == "10-observability", "all is finished: the last one stays open"


def test_a_first_time_stays(course: object) -> None:
    progress.started("09-resilience")
    first = progress.read()["09-resilience"]["started"]
    progress.started("09-resilience")
    assert progress.read()["09-resilience"] == {"started": first}


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"09-resilience": 1}', '{"09-resilience": {"passed": "x"}'])
def test_a_broken_file_counts_as_nothing_known(course: object, text: str) -> None:
    file = paths.work() / ".course" / "progress.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert not progress.is_finished("09-resilience")
    progress.passed("09-resilience")
    assert progress.is_finished("09-resilience")
    assert syllabus.load().find("9").built


def test_one_who_has_done_nothing_is_told_in_one_line_what_to_do(course: object) -> None:
    assert progress.standing().lines() == [
        "Nothing is begun yet. Next: course start 09   (the next module: Resilience)"
    ]


def test_what_comes_next_follows_what_is_done(course: object) -> None:
    def then() -> str:
        return progress.standing().next

    progress.started("09-resilience")
    assert then() == "course check 09"
    progress.passed("09-resilience")
    assert (progress.standing().finished, then()) == (1, "course start 10")
    progress.submitted("10-observability")
    assert then() == "course submit 09"
    progress.submitted("09-resilience")
    assert (then(), progress.standing().lines()[-1]) == ("", "Every module that can be taken today is submitted.")


BROKEN = ["", "{", "[[[[", '{"09-resilience": 1}', "[" * 100_000, "\x00", '["a"]', '[{"id": 1}]']


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_what_cannot_be_read_is_told_and_kept(course: object, text: str) -> None:
    noted, guessed = paths.work() / ".course" / "progress.json", paths.work() / "predictions.json"
    for file in (noted, guessed):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert progress.standing().unreadable == (noted, guessed)
    for _ in range(2):  # the second time, all is well
        progress.started("09-resilience")
        predict = Predictions()
        predict("wait", 1.0, unit="s")
    assert progress.standing().unreadable == ()
    for file in (noted, guessed):
        assert [each.read_text() for each in file.parent.glob(f"{file.stem}.unreadable*")] == [text]


def test_a_row_that_can_be_read_outlives_one_that_cannot(course: object) -> None:
    Predictions()("wait", 1.0, unit="s")
    file = paths.work() / "predictions.json"
    file.write_text(json.dumps([*json.loads(file.read_text()), {"id": "odd"}]))
    Predictions().compare("wait", 1.5)
    assert [(row.id, row.outcome) for row in Predictions().all()] == [("wait", 1.5)]


def test_the_command_tells_people_and_programs(course: Path) -> None:
    progress.started("09-resilience")
    predict = Predictions()
    for name, guess, outcome in (("a", 1.0, 4.0), ("b", 3.0, 4.0), ("c", "yes", "yes")):
        predict(name, guess, unit="s", among=["yes"] if name == "c" else [])
        predict.compare(name, outcome)
    app = typer.Typer()
    cli.register_all(app)
    told = CliRunner().invoke(app, ["progress"])
    assert told.stdout.splitlines() == [
        "0 of the 2 modules that can be taken today finished.",
        "  09-resilience      begun",
        "Predictions: 3 made, 3 compared with what happened.",
        "  Numbers  1 of 2 within a factor of two; in the median a factor of 2.3 apart, too low",
        "  Choices  1 of 1 as you said",
        "Next: course check 09   (what holds of resilience, what does not, and why)",
    ]
    known = json.loads(CliRunner().invoke(app, ["progress", "--json"]).stdout)
    assert known["next"]["command"] == "course check 09"
    assert (known["predictions"]["within"], known["predictions"]["numbers"]) == (1, 2)
