"""A course started as a learner starts it, and a browser to look at it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bench import _browser
from breakwater import paths

ENDS_WITHIN_S = 20


@pytest.fixture
def browser() -> Iterator[Browser]:
    """The machine's own browser. Without one the test is skipped, but not where everything must be there.

    For one test only: while Playwright is open, an event loop counts as running, and other tests need none to.
    """
    program = _browser.find()
    if program is None:
        stop = pytest.fail if os.environ.get("BREAKWATER_CI") else pytest.skip
        stop(f"none of {', '.join(_browser.PROGRAMS)} is installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=[*_browser.FLAGS])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    yield context.new_page()
    context.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator["Start"]:
    """`make start` with a `work/` of its own, and without a browser; stopped by SIGTERM at the end."""
    with tempfile.TemporaryDirectory(prefix="s-") as state:  # short: sockets lie there
        started = Start(tmp_path / "work", Path(state))
        yield started
        started.stop()


class Start:
    """A running `make start`. `url` is what it printed."""

    def __init__(self, work: Path, state: Path) -> None:
        environment = os.environ | {
            "HEADLESS": "1",
            "BREAKWATER_WORK": str(work),
            "BREAKWATER_STATE": str(state),
            "BREAKWATER_VENV": sys.prefix,
        }
        # Packages that `make` did not install stay as they are: then what `make start` runs is run itself.
        ours = any(Path(sys.prefix).glob(".installed-*"))
        command = ["make", "start"] if ours else [str(Path(sys.prefix, "bin", "course")), "jupyter"]
        self.process = subprocess.Popen(
            command, cwd=paths.ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout
        lines = iter(self.process.stdout.readline, "")
        self.url = next((line.split()[-1] for line in lines if "http://127.0.0.1:" in line), "")

    def stop(self) -> int:
        """Send SIGTERM to it alone and wait until it, and all that it started, has ended. Returns its status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout
        self.process.stdout.read()  # ends when nothing that inherited it runs any more
        return self.process.wait(ENDS_WITHIN_S)
