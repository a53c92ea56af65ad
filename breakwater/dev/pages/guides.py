"""Pages whose text stands elsewhere in the course: the labs' guides, the shop's own pages, its contracts."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from breakwater import paths, syllabus
from breakwater.dev.pages import NOTE, link

SHOP = {
    "labs/boxoffice/README.md": "shop/code.md",
    "labs/boxoffice/contracts/outcomes.md": "shop/outcomes.md",
    "labs/boxoffice/contracts/provider.md": "shop/provider.md",
}
_LINK = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
_DIAGRAM = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)


def texts() -> Iterator[tuple[str, str]]:
    """Each page's path and text."""
    places = sources()
    yield from ((page, _text(source, page, places)) for source, page in places.items())


def _text(source: str, page: str, places: dict[str, str]) -> str:
    text = (paths.ROOT / source).read_text(encoding="utf-8")
    text = _DIAGRAM.sub("The services and who asks whom are drawn in [the architecture](architecture.md).", text)
    text = _LINK.sub(lambda found: _linked(found, source, page, places), text)
    head, _, body = text.partition("\n")
    return f"{head}\n\n{NOTE.format(source=source)}\n{body.rstrip()}\n"


def sources() -> dict[str, str]:
    """The pages by the file that each is made from; a module has a guide as soon as its folder does."""
    labs = {f"labs/{module.id}/README.md": f"modules/{module.id}/lab.md" for module in syllabus.load().modules}
    return SHOP | {source: page for source, page in labs.items() if (paths.ROOT / source).is_file()}


def _linked(found: "re.Match[str]", source: str, page: str, places: dict[str, str]) -> str:
    """A link to another page of the site, or out of it; to what the site has not, its words alone."""
    if "://" in found["target"]:
        return found[0]
    target = os.path.normpath(Path(source).parent / found["target"])
    if target not in places:
        return found["words"]
    return f"[{found['words']}]({link(page, places[target])}{found['anchor'] or ''})"
