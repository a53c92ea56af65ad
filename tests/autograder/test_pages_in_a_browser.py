"""Both pages as people see them: at every width, by day and by night, and from nowhere but the file."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from autograder.pages import report
from tests.autograder.made_up import check, page
from tests.autograder.test_report import MODULE, a_class
from tests.browser.conftest import browser  # noqa: F401

pytestmark = pytest.mark.browser

INJECTED = "<img src=https://evil.example/x onerror=document.title='acted'><style>main{display:none}</style>"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A feedback page and a report, with words of a stranger's on them."""
    checks = (
        check(message=INJECTED),
        check("hung-catalog", "unknown"),
        check("dead-catalog", "passed"),
        check("visitors", evidence=("x" * 3_000,)),
        check("09-h1", hidden=True),
    )
    written = {
        "feedback.html": page(*checks),
        "report.html": report.render(MODULE, a_class(tmp_path / "class", ["ada", "bob"], INJECTED)),
    }
    for name, html in written.items():
        (tmp_path / name).write_text(html, encoding="utf-8")
    return [tmp_path / name for name in written]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_too_wide(browser: Browser, files: list[Path], scheme: str) -> None:  # noqa: F811
    found = []
    for width in (1280, 375):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
        tab = context.new_page()
        for file in files:
            tab.goto(file.as_uri())
            found += [f"{file.name}: {each['id']}: {each['help']}" for each in Axe().run(tab).response["violations"]]
            if tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") > 0:
                found.append(f"{file.name}: wider than {width} px")
        context.close()
    assert not found


def test_nothing_acts_and_nothing_is_asked_for(browser: Browser, files: list[Path]) -> None:  # noqa: F811
    context = browser.new_context()
    asked: list[str] = []
    said: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda message: said.append(message.text))
    tab = context.new_page()
    for file in files:
        tab.goto(file.as_uri())
        assert tab.title() != "acted"
        assert tab.locator("main").is_visible()
        assert "evil.example" in tab.locator("main").inner_text()
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []  # neither style nor picture was refused by the page's own policy


def test_the_policy_stops_what_gets_past_everything_else(browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    html = page(check()).replace("<main>", "<main><script>document.title = 'acted'</script>" + INJECTED)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    context = browser.new_context()
    reached: list[str] = []
    context.on("response", lambda response: reached.append(response.url))
    context.route("https://**", lambda route: route.fulfill(body=""))
    tab = context.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    assert tab.title() != "acted"
    assert tab.locator("main").is_visible()
    context.close()
    assert [url for url in reached if not url.startswith(("file:", "data:"))] == []
