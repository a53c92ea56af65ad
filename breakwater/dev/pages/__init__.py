"""The site's pages that are made from registries, and so can never be out of date: `course dev render`.

One page, one module beside this one: `PATH` says where it goes below `site/`, and `text()` what stands in it,
in CommonMark.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path

FOLDER = "site"
NOTE = "<!-- Made by `course dev render` from {source}. Change that, not this. -->"


def pages() -> Iterator[tuple[str, str]]:
    """Each generated page: its path below the content's root, and its text."""
    for module in pkgutil.iter_modules(__path__):
        page = importlib.import_module(f"{__name__}.{module.name}")
        yield f"{FOLDER}/{page.PATH}", page.text()


def stale(root: Path) -> list[str]:
    """The pages that are not as they would be made now."""
    return [path for path, text in pages() if _read(root / path) != text]


def render(root: Path) -> list[str]:
    """Write the pages that are not as they ought to be; return their paths."""
    written = stale(root)
    for path, text in pages():
        if path in written:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    return written


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
