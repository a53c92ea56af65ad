"""Pages that are made from registries: whole, current, and their examples are calls that can be made."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from breakwater import paths
from breakwater.checks.weather import Faults
from breakwater.dev import pages
from breakwater.dev.content import Content
from breakwater.dev.pages import faults
from breakwater.dev.rules_generated import pages_are_current
from breakwater.faults import Fault, known
from breakwater.load import weather
from breakwater.notebook import Shop


def test_every_page_is_as_it_would_be_made_now() -> None:
    assert pages.stale(paths.ROOT) == []


def test_a_page_is_written_once_and_found_stale_when_it_was_changed(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    written = pages.render(tmp_path)
    assert "site/reference/faults.md" in written
    assert pages.render(tmp_path) == []
    (tmp_path / "site/reference/faults.md").write_text("# Faults, by hand\n")
    (finding,) = pages_are_current(Content(tmp_path))
    assert str(finding).startswith("site/reference/faults.md: page-current: ")
    assert str(finding).endswith("; course dev render")


@pytest.mark.parametrize("kind", known().values(), ids=known())
def test_the_reference_of_faults_tells_each_fault_in_its_own_words(kind: type[Fault]) -> None:
    section = re.search(
        rf"^## {kind.verb.replace('_', '-')}\n(.*?)(?=^## |\Z)", faults.text(), re.DOTALL | re.MULTILINE
    )
    assert section
    assert inspect.cleandoc(kind.__doc__ or "") in section[1]
    assert re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE) == [field.name for field in kind.told()]
    check, notebook = re.findall(r"```python\n(.*?)```", section[1], re.DOTALL)
    for code, where in ((check, Faults), (notebook, Shop.faults)):
        call = next(node for node in ast.walk(ast.parse(code)) if _calls(node, kind.verb))
        names = {keyword.arg: None for keyword in call.keywords}
        receiver = [None] if where is Faults else []
        inspect.signature(getattr(where, kind.verb)).bind(*receiver, *call.args, **names)
    (word,) = re.findall(r"^\$ course load .* --fault (\S+)$", section[1], re.MULTILINE)
    assert isinstance(weather.parse(word).fault, kind)


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
