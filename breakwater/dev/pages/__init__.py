"""The site's pages that are made from registries, and so can never be out of date: `course dev render`.

One kind of page, one module beside this one: `PATH` says where it goes below `site/`, and `text()` what stands in it,
in CommonMark. A kind of which there may be several has `texts()` in their place, which yields such pairs. A module
whose name begins with an underscore makes no page.
"""

import importlib
import os
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

FOLDER = "site"
NOTE = "<!-- Made by `course dev render` from {source}. Change that, not this. -->"
MADE = "<!-- Made by `course dev render`"


def pages() -> Iterator[tuple[str, str]]:
    """Each generated page: its path below the content's root, and its text."""
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            page = importlib.import_module(f"{__name__}.{module.name}")
            texts = page.texts() if hasattr(page, "texts") else [(page.PATH, page.text())]
            yield from ((f"{FOLDER}/{path}", text) for path, text in texts)


def stale(root: Path) -> list[str]:
    """The pages that are not as they would be made now, and those that nothing makes any more."""
    made = dict(pages())
    return [path for path, text in made.items() if _read(root / path) != text] + _left_over(root, made)


def render(root: Path) -> list[str]:
    """Write the pages that are not as they ought to be, and remove those left over; return their paths."""
    made = dict(pages())
    changed = stale(root)
    for path in changed:
        if path in made:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(made[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return changed


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def link(page: str, target: str) -> str:
    """How the page at `page` names the one at `target`, both below `site/`; an anchor stays."""
    return os.path.relpath(target, PurePosixPath(page).parent)


def _left_over(root: Path, made: dict[str, str]) -> list[str]:
    files = (path for path in sorted((root / FOLDER).rglob("*.md")) if MADE in path.read_text(encoding="utf-8"))
    return [name for path in files if (name := path.relative_to(root).as_posix()) not in made]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
