"""The navigation of the site: the pages that are always there, and those of each module. mkdocs.yml inherits it."""

import json
from collections.abc import Iterator
from typing import Any

from breakwater import paths, syllabus
from breakwater.dev.pages import _recordings, lessons
from breakwater.syllabus import Module

PATH = ".nav.yml"
NOTE = "# Made by `course dev render` from course.toml. Change that, not this."

COURSE = {"Syllabus": "syllabus.md", "Careers": "careers.md"}
SHOP = {
    "Architecture": "shop/architecture.md",
    "The code": "shop/code.md",
    "What a buyer may be told": "shop/outcomes.md",
    "The card provider": "shop/provider.md",
}
REFERENCE = {
    "Commands": "reference/commands.md",
    "Faults": "reference/faults.md",
    "Invariants": "reference/invariants.md",
    "lab.toml": "reference/lab-toml.md",
    "Verdicts on the checks": "reference/verdicts.md",
}
TEACH = {"Teach a class": "teach.md", "Add a module": "add-a-module.md"}

Pages = dict[str, str]
Item = dict[str, Any]


def text() -> str:
    """The whole file: JSON, which is YAML."""
    modules = [_module(each) for each in syllabus.load().modules if any(pages_of(each))]
    sections: dict[str, Pages | list[Item]] = {
        "Course": COURSE,
        "Modules": modules,
        "The shop": SHOP,
        "Reference": REFERENCE,
        "Teach": TEACH,
    }
    nav = [{"Breakwater": "index.md"}, *({name: _items(pages)} for name, pages in sections.items())]
    return f"{NOTE}\nnav: {json.dumps(nav, indent=2, ensure_ascii=False)}\n"


def pages_of(module: Module) -> Iterator[tuple[str, str]]:
    """What there is of a module to read, in order: names, and paths below `site/`."""
    if module.built:
        books = _recordings.notebooks(module)
        yield from ((lessons.title(book), f"modules/{module.id}/{book.stem}.md") for book in books)
    if (paths.LABS / module.id / "README.md").is_file():
        yield "The lab", f"modules/{module.id}/lab.md"


def _module(module: Module) -> Item:
    return {f"{module.number} {module.title}": _items(dict(pages_of(module)))}


def _items(pages: Pages | list[Item]) -> list[Item]:
    return pages if isinstance(pages, list) else [{name: path} for name, path in pages.items()]
