"""The pages that are made: whole, current, and silent about what learners are to find out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from breakwater import paths, syllabus
from breakwater.cli import AREAS
from breakwater.dev import pages
from breakwater.dev.content import ModuleContent
from breakwater.dev.pages import _recordings, commands, lessons, overview, purchase, verdicts
from breakwater.dev.sources import read_checks
from breakwater.engines import description
from breakwater.lab import Lab

SITE = paths.ROOT / "site"
MODULE = ModuleContent("09-resilience", paths.ROOT)
# What these measure is drawn beforehand, or told in traces and text.
WITHOUT_PICTURES = {("01", "lesson-2"), ("01", "lesson-4")}
EACH_LESSON = pytest.mark.parametrize(
    ("module", "notebook"),
    [pytest.param(module, book, id=f"{module.number}-{book.stem}") for module, book in _recordings.lessons()],
)


def text_of(name: str) -> str:
    return (SITE / name).read_text(encoding="utf-8")


def test_every_page_is_as_it_would_be_made_now() -> None:
    stale = pages.stale(paths.ROOT)
    assert not stale, f"{', '.join(stale)}: course dev render"


def test_every_recording_is_of_the_code_as_it_is() -> None:
    stale = _recordings.stale()
    assert not stale, f"{', '.join(stale)}: course dev render --record (some minutes, on a quiet machine)"


def test_a_page_that_nothing_makes_any_more_is_removed(tmp_path: Path) -> None:
    pages.render(tmp_path)
    old = tmp_path / "site/modules/98-gone/lab.md"
    old.parent.mkdir(parents=True)
    old.write_text(f"# Gone\n\n{pages.NOTE.format(source='labs/98-gone/README.md')}\n", encoding="utf-8")
    mine = tmp_path / "site/mine.md"
    mine.write_text("# Mine\n", encoding="utf-8")
    assert pages.render(tmp_path) == ["site/modules/98-gone/lab.md"]
    assert not old.exists()
    assert mine.exists()


def test_the_syllabus_has_every_module_with_its_outcomes() -> None:
    for module in syllabus.load().modules:
        section = overview.text().split(f"{{ #{overview.anchor(module)} }}")[1].split("\n## ")[0]
        assert module.summary in section
        assert all(f"`{name}`" in section and sentence in section for name, sentence in module.outcomes.items())


def test_the_reference_has_every_area_of_commands_with_its_options() -> None:
    text = commands.text()
    for area in AREAS:
        assert re.search(rf"^## course .*\b{area}\b" if area not in ("work",) else "^## course start", text, re.M), area
    assert "| `--base mine,naive,reference` |" in text
    assert "| `--think / --no-think` |" in text
    assert "default" not in re.findall(r"^\$ (.*)$", text, re.M)


def test_the_reference_has_every_key_of_a_lab() -> None:
    keys = re.findall(r"^\| `(\w+)` \| (?:text|a )", text_of("reference/lab-toml.md"), re.M)
    assert keys == list(Lab.model_fields)


def test_verdicts_name_public_checks_and_count_the_hidden_ones() -> None:
    text = verdicts.text()
    assert all(f"`{check.id}`" in text for check in read_checks(MODULE, hidden=False))
    hidden = read_checks(MODULE, hidden=True)
    assert f"| {len(hidden)} hidden |" in text
    for check in hidden:
        assert check.id not in text
        assert check.sentence.splitlines()[0] not in text
    record = json.loads(MODULE.record.read_text(encoding="utf-8"))
    total = sum(row["given"] for row in record["verdicts"].values())
    assert f"of {total} verdicts" in text


def test_the_map_has_every_link_between_services() -> None:
    drawn = text_of("fragments/architecture.html")
    for service in ("gateway", "catalog", "inventory", "orders", "payments", "provider"):
        assert f">{service}</text>" in drawn
    shop = description.load(paths.BOXOFFICE)
    for link in shop.links:
        if link.callee != "postgres" and link.caller != description.BUYER:
            assert f"{link.caller} asks {link.callee} by" in drawn


@EACH_LESSON
def test_a_lesson_shows_no_answer(module: ModuleContent, notebook: Path) -> None:
    """No line of a solution, of a hidden test or of a mark scheme that a learner's own copy does not have."""
    page = text_of(f"modules/{module.id}/{notebook.stem}.md")
    source = (module.solutions / f"{notebook.stem}.md").read_text(encoding="utf-8")
    shown_anyway = "\n".join("".join(cell["source"]) for cell in _recordings.cells(notebook))
    secret = re.findall(r"### BEGIN (?:SOLUTION|HIDDEN TESTS|MARK SCHEME)\n(.*?)### END", source, re.S)
    lines = {line.strip() for block in secret for line in block.splitlines() if len(line.strip()) > 12}
    assert lines
    assert not [line for line in lines if line in page and line not in shown_anyway]
    graded = [cell for cell in _recordings.cells(notebook) if "nbgrader" in cell["metadata"]]
    assert not any("".join(cell["source"]) in page for cell in graded if cell["cell_type"] == "code")
    assert "predict.compare(" not in page


@EACH_LESSON
def test_a_recording_holds_results_of_cells_that_may_be_shown_alone(module: ModuleContent, notebook: Path) -> None:
    recording = _recordings.read(_recordings.place(module, notebook))
    allowed = {_recordings._key(cell) for cell in _recordings.cells(notebook) if _recordings.may_show(cell)}
    assert set(recording["results"]) <= allowed
    results = [each for found in recording["results"].values() for each in found]
    pictures = [each for each in results if each["kind"] == "picture"]
    assert results
    assert pictures or (module.number, notebook.stem[:8]) in WITHOUT_PICTURES
    assert all(len(each["alt"]) > 20 and (SITE / each["text"]).is_file() for each in pictures)
    assert not any("You made no guess" in each["text"] for each in results)


@EACH_LESSON
def test_a_lesson_is_prose_that_the_site_can_show(module: ModuleContent, notebook: Path) -> None:
    prose = re.sub(
        r"```.*?```|<pre.*?</pre>|`[^`]*`", "", text_of(f"modules/{module.id}/{notebook.stem}.md"), flags=re.S
    )
    assert not re.search(r"\\[a-z]+|\$[^$\n]+\$|\^\{", prose), "a formula that lessons.py cannot write out"
    assert prose.startswith(f"# {lessons.title(notebook)}\n")


def test_careers_name_outcomes_and_modules_that_there_are() -> None:
    course = syllabus.load()
    owners = {name: module.number for module in course.modules for name in module.outcomes}
    rows = re.findall(r"\(syllabus\.md#module-(\d\d)\) \| `([\w.-]+)` \|$", text_of("careers.md"), re.M)
    assert len(rows) >= 20
    assert [(number, name) for number, name in rows if owners.get(name) != number] == []


def test_the_purchase_that_is_drawn_begins_and_ends_at_the_buyer() -> None:
    steps = list(purchase._steps())
    assert (steps[0].caller, steps[-1].callee, steps[-1].says) == ("buyer", "buyer", "201")
    assert {"orders", "inventory", "payments", "provider"} <= {step.callee for step in steps}
    assert text_of("fragments/purchase.html").count('class="bw-head"') == len(steps)


def said_commands() -> Iterator[tuple[str, str]]:
    """Each `course …` that a page written by hand says, with the page's name."""
    for file in sorted(SITE.rglob("*.md")):
        text = file.read_text(encoding="utf-8")
        if pages.MADE not in text:
            said = re.findall(r"^\$ (course .*)$", text, re.M) + re.findall(r"`(course [^`]*)`", text)
            yield from ((file.name, command) for command in said)


@pytest.mark.parametrize(("page", "command"), sorted(set(said_commands())))
def test_a_command_that_a_page_says_exists_with_its_options(page: str, command: str) -> None:
    sections = {
        name: text for name, text in re.findall(r"^## (course .*?)\n(.*?)(?=^## |\Z)", commands.text(), re.M | re.S)
    }
    name = max((name for name in sections if f"{command} ".startswith(f"{name} ")), key=len, default=None)
    assert name, f"{page}: there is no {command}"
    for option in re.findall(r" (--[a-z-]+)", command):
        assert f"`{option}" in sections[name] or f" {option}" in sections[name], f"{page}: {name} has no {option}"
