"""Progress decides what opens first, and survives whatever stands in its file."""

import pytest

from breakwater import paths, progress, syllabus


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
