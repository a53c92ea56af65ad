"""The built site: every link leads somewhere, nothing comes from elsewhere, and the first page is small."""

import gzip
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LANDING_BYTES = 150_000
LOADS = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
UNLOADED = {"canonical", "prev", "next"}


@dataclass
class Page(HTMLParser):
    """What a page loads, what it links to, and the anchors in it."""

    path: Path
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        target = found.get(LOADS.get(tag, ""))
        if target and found.get("rel") not in UNLOADED:
            self.loads.append(target)
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])

    def file(self, target: str) -> Path:
        place = unquote(urlsplit(target).path)
        file = (self.path.parent / place).resolve() if place else self.path
        return file / "index.html" if file.is_dir() else file


def pages(built: Path) -> dict[Path, Page]:
    """All but the page for what is not found, which a server shows under any address."""
    return {path: Page(path) for path in sorted(built.rglob("*.html")) if path.name != "404.html"}


def test_every_link_and_every_anchor_leads_somewhere(built: Path) -> None:
    found = pages(built)
    broken = []
    for page in found.values():
        for target in [link for link in page.links + page.loads if not urlsplit(link).scheme]:
            file, anchor = page.file(target), unquote(urlsplit(target).fragment)
            if not file.is_file() or (anchor and file in found and anchor not in found[file].anchors):
                broken.append(f"{page.path.relative_to(built)}: {target}")
    assert len(found) > 10
    assert not broken, "\n".join(broken)


def test_no_page_loads_anything_from_elsewhere(built: Path) -> None:
    foreign = {
        load for page in pages(built).values() for load in page.loads if urlsplit(load).scheme not in ("", "data")
    }
    assert not foreign
    styles = "".join(file.read_text(encoding="utf-8") for file in built.rglob("*.css"))
    assert "url(http" not in styles
    assert "@import" not in styles


def test_the_first_page_is_small(built: Path) -> None:
    page = Page(built / "index.html")
    text = [page.path, *(page.file(load) for load in page.loads if urlsplit(load).path.endswith((".css", ".js")))]
    size = sum(len(gzip.compress(file.read_bytes())) for file in text)
    assert size <= LANDING_BYTES, f"{size} bytes, gzipped"


def test_what_pages_are_made_from_is_not_published(built: Path) -> None:
    assert not (built / "recorded").exists()
    assert not (built / "fragments").exists()
