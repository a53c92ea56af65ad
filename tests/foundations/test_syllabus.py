"""The course's own syllabus, and how a module is found in one."""

from pathlib import Path

import pytest

from breakwater import lab, paths, syllabus
from breakwater.errors import BadInput


def test_the_course_has_its_thirteen_modules() -> None:
    modules = syllabus.load().modules
    assert [module.number for module in modules] == [f"{n:02}" for n in range(1, 14)]
    assert sum(module.weight for module in modules) == pytest.approx(100)
    assert all(2 <= len(module.outcomes) <= 6 for module in modules)
    assert all(outcome.partition(".")[0] == module.topic for module in modules for outcome in module.outcomes)


def test_a_built_module_has_its_folders() -> None:
    for module in syllabus.load().built:
        assert (paths.LABS / module.id).is_dir(), f"labs/{module.id}"
        assert list((paths.MODULES / module.id).glob("*.ipynb")), f"modules/{module.id}"


@pytest.mark.parametrize("name", ["9", "09", "resilience", "09-resilience"])
def test_a_module_is_found_by_number_topic_and_id(course: Path, name: str) -> None:
    assert syllabus.load().find(name).id == "09-resilience"


def test_an_unknown_module_is_told_with_the_closest() -> None:
    with pytest.raises(BadInput, match=r"No module is called `resiliense`\. Did you mean `resilience`\?"):
        syllabus.load().find("resiliense")


def test_a_module_that_is_not_built_says_which_are(course: Path) -> None:
    with pytest.raises(BadInput, match=r"01-programming is not built yet\. Built so far: 09-resilience, 10-"):
        syllabus.load().find_built("1")


def test_a_track_cannot_name_an_unknown_module(course: Path) -> None:
    with paths.COURSE_TOML.open("a") as file:
        file.write('[[tracks]]\nid = "t"\ntitle = "T"\nsummary = ""\nmodules = ["77-x"]\n')
    with pytest.raises(BadInput, match=r"^course\.toml: track t names 77-x, which is no module\.$"):
        syllabus.load()


def test_a_lab_is_loaded_by_its_modules_name(course: Path) -> None:
    card = lab.load("9")
    assert (card.module, card.edits, card.budgets) == ("09-resilience", ("orders",), {"answer_s": 2.5})


def test_a_broken_lab_is_told_in_one_line(course: Path) -> None:
    file = course / "labs/09-resilience/lab.toml"
    file.write_text(file.read_text().replace("minutes =", "minuts ="))
    with pytest.raises(BadInput) as error:
        lab.load("9")
    assert str(error.value) == "labs/09-resilience/lab.toml, line 5: unknown key `minuts`. Did you mean `minutes`?"


def test_a_lab_under_another_modules_folder_is_refused(course: Path) -> None:
    (course / "labs/09-resilience").rename(course / "labs/10-observability")
    with pytest.raises(BadInput, match=r"`module` is '09-resilience', but its folder is named 10-observability"):
        lab.load("10")
    with pytest.raises(BadInput, match="09-resilience has no lab yet"):
        lab.load("09")
