"""The site in a real browser: for everybody, at every width, by day and by night, and from nowhere but its own host."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

pytestmark = [pytest.mark.browser]

LESSON = "modules/09-resilience/lesson-1-the-answer-that-never-came.html"
# One of each kind of page.
KINDS = (
    "index.html",
    "syllabus.html",
    LESSON,
    "modules/09-resilience/lab.html",
    "shop/architecture.html",
    "reference/commands.html",
)
WIDTHS = (1280, 768, 375)
TABS = 4  # whether a page asks for more takes half a second to know


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_serious(browser: Browser, served: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    found = []
    for kind in KINDS:
        page.goto(f"{served}/{kind}")
        wanted = "slate" if scheme == "dark" else "default"
        expect(page.locator("body")).to_have_attribute("data-md-color-scheme", wanted)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = [node["html"][:160] for node in violation["nodes"][:3]]
                found.append(f"{kind}: {violation['id']}: {violation['help']}: {nodes}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append(f"{kind}: {wide} px wider than the screen")
    context.close()
    assert not found, "\n".join(found)


def test_no_request_leaves_the_host(browser: Browser, served: str, built: Path) -> None:
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    files = sorted(built.rglob("*.html"))
    tabs = [context.new_page() for _ in range(TABS)]
    for first in range(0, len(files), TABS):
        opened = list(zip(tabs, files[first : first + TABS], strict=False))
        for tab, file in opened:
            tab.goto(f"{served}/{file.relative_to(built).as_posix()}")
        for tab, _ in opened:
            tab.wait_for_load_state("networkidle")
    context.close()
    foreign = [url for url in asked if not url.startswith((f"{served}/", "data:"))]
    assert len(asked) > 50
    assert not foreign


def test_a_lesson_reads_without_javascript(browser: Browser, served: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}/{LESSON}")
    expect(page.get_by_role("heading", name="The answer that never came")).to_be_visible()
    expect(page.get_by_text("Six buyers a second arrive")).to_be_visible()
    picture = page.locator("figure.bw-paper img").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    answer = page.get_by_text("A place in a queue.")
    expect(answer).to_be_hidden()
    page.get_by_text("A pool owns ten database connections").click()
    expect(answer).to_be_visible()
    context.close()


def test_the_search_finds_a_word(browser: Browser, served: str) -> None:
    page = browser.new_page()
    page.goto(f"{served}/index.html")
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type("interleaving")
    expect(page.locator(".md-search-result__item").first).to_be_visible(timeout=15_000)


def test_it_reads_from_a_folder_without_a_server(browser: Browser, built: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((built / "index.html").as_uri())
    expect(page.locator("svg.bw-plot")).to_have_count(2)
    page.get_by_role("link", name="the syllabus").click()
    expect(page.get_by_role("heading", name="Syllabus")).to_be_visible()
    assert not [url for url in asked if url.startswith("http")]
