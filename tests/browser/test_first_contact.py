"""The first contact: one command, the lesson is open, its first cells run, and a plot appears."""

import json
import socket
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from breakwater import syllabus
from breakwater.jupyter import page_of
from tests.browser.conftest import Start
from tests.waiting import until

pytestmark = [pytest.mark.browser]

PLOT = ".jp-OutputArea-output figure img[alt]"
IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
STARTS_WITHIN_MS = 60_000
CELL_WITHIN_MS = 60_000
TAKEN_WITHIN_MS = 2_000
FIRST_CELLS = 30
FIRST = ".jp-CodeCell:has-text('from breakwater import')"


def is_taken(page: Page) -> bool:
    """Run the first cell; return whether it is run. While the page takes shape, a click misses and a key is lost."""
    first = page.locator(FIRST).first
    first.click()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    try:
        expect(first.locator(".jp-InputPrompt")).not_to_have_text("[ ]:", timeout=TAKEN_WITHIN_MS)
    except AssertionError:
        return False
    return True


def test_the_lesson_opens_runs_and_shows_a_plot(start: Start, page: Page) -> None:
    page.goto(start.url + "&reset")
    expect(page.locator(".jp-NotebookPanel")).to_be_visible(timeout=STARTS_WITHIN_MS)
    expect(page.locator(IDLE)).to_be_attached(timeout=STARTS_WITHIN_MS)
    until(lambda: is_taken(page), within_s=CELL_WITHIN_MS / 1000, what="the first cell to be run")
    for _ in range(FIRST_CELLS):
        page.keyboard.press("Shift+Enter")
        expect(page.locator(IDLE)).to_be_attached(timeout=CELL_WITHIN_MS)
        if page.locator(PLOT).count():
            break
    plot = page.locator(PLOT).first
    expect(plot).to_be_visible(timeout=CELL_WITHIN_MS)
    assert len(plot.get_attribute("alt") or "") > 20, "it says in words what it shows"
    assert page.locator(".jp-toast-button, .jp-toastContainer .jp-toast").count() == 0, "no news, no notice"


def test_it_serves_work_to_this_machine_only_and_ends_on_sigterm(start: Start) -> None:
    where = urlsplit(start.url)
    first = page_of(syllabus.load().built[0]).partition("/")[0]
    assert where.path.startswith(f"/lab/tree/{first}")
    assert where.query.startswith("token=")
    assert where.port
    with urlopen(f"http://127.0.0.1:{where.port}/api/contents?{where.query}") as answer:
        names = {entry["name"] for entry in json.load(answer)["content"]}
    assert {"shop", first} <= names
    own_address = socket.gethostbyname(socket.gethostname())
    if not own_address.startswith("127."):
        with pytest.raises(OSError), socket.create_connection((own_address, where.port), timeout=2):
            pass
    start.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", where.port), timeout=2)
