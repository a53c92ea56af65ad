"""`course watch`: a real shop, checked again whenever one of its files is saved."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.waiting import until

COURSE = Path(sys.executable).parent / "course"
WITHIN_S = 120.0
WAITS = "Waiting for a file"


class Watching:
    """The command as it runs, and what it has said so far."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        command = [str(COURSE), "watch", "09", *words]
        out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(command, env=environment, text=True, **out)
        self._lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        self._lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def text(self) -> str:
        return "".join(self._lines)

    def says(self, number: int) -> str:
        """What it says in its run of that number, from 1 on, when it waits again."""
        until(lambda: self.text.count(WAITS) >= number or self.process.poll() is not None, WITHIN_S, self.text)
        return self.text.split(WAITS)[number - 1]


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="bw-", dir="/tmp") as folder:  # short enough for the path of a socket
        yield os.environ | {"BREAKWATER_WORK": f"{folder}/work", "BREAKWATER_STATE": f"{folder}/state"}


@pytest.fixture
def watching(environment: dict[str, str]) -> Iterator[Watching]:
    """A watch of the check `dead-catalog`, which the naive shop fails at once."""
    course = Watching(environment, "-k", "dead-catalog")
    yield course
    if course.process.poll() is None:
        course.process.kill()
    course.process.wait()


def running(environment: dict[str, str]) -> list[psutil.Process]:
    """What runs of the course's in this environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(
                environment["BREAKWATER_STATE"] in word for word in [*process.cmdline(), *process.environ().values()]
            ):
                found.append(process)
    return found


def test_a_file_that_is_saved_is_judged(watching: Watching, environment: dict[str, str]) -> None:
    main = Path(environment["BREAKWATER_WORK"], "shop", "gateway", "app", "main.py")
    assert "1 public check: 1 failed" in watching.says(1)
    naive = main.read_text()

    main.write_text(naive + "\ndef (\n")
    assert re.search(r"gateway/app/main\.py, line \d+: .*Mend it; nothing was run\.", watching.says(2))

    main.write_text(naive + "\nraise RuntimeError('a typo')\n")
    assert "RuntimeError: a typo" in watching.says(3)

    main.write_text(naive)
    again = watching.says(4)
    assert "gateway saved" in again
    assert "✓ The shop starts." in again
    assert "1 public check: 1 failed" in again

    Path(environment["BREAKWATER_WORK"], "shop", "visitors", "locustfile.py").write_text("# nobody\n")
    untouched = watching.says(5)
    assert "✗ Without the catalog" not in untouched
    assert "1 public check: 1 failed" in untouched

    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(WITHIN_S) == 0, watching.text
    assert not running(environment)
    assert not list(Path(environment["BREAKWATER_STATE"]).rglob("shop"))


def test_a_save_ends_the_run_that_is_under_way(environment: dict[str, str]) -> None:
    course = Watching(environment, "-k", "visitors", "-k", "hanging-payment")
    try:
        until(lambda: "The shop starts" in course.text, WITHIN_S, "the first run has begun")
        Path(environment["BREAKWATER_WORK"], "shop", "orders", "app", "main.py").write_text("raise SystemExit\n")
        said = course.says(1)
        assert "orders saved" in said
        assert "orders did not start" in said.partition("orders saved")[2]  # and of the first run, no word more
        assert said.count("public checks:") == 1
    finally:
        course.process.kill()
        course.process.wait()
    until(lambda: not running(environment), WITHIN_S, "the shops have ended with the command")


def test_checks_that_cannot_run_are_told(environment: dict[str, str]) -> None:
    too_long = environment["BREAKWATER_STATE"] + "/" + "x" * 90
    course = Watching(environment | {"BREAKWATER_STATE": too_long}, "-k", "dead-catalog")
    try:
        assert "is too long for a socket: set BREAKWATER_STATE to a shorter folder.\n" in course.says(1)
    finally:
        course.process.send_signal(signal.SIGINT)
        assert course.process.wait(WITHIN_S) == 0


def test_an_unknown_module_is_told(environment: dict[str, str]) -> None:
    done = subprocess.run([str(COURSE), "watch", "99"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n"), "Traceback" in done.stderr) == (3, 1, False)


def test_programs_get_a_line_of_json_a_run(environment: dict[str, str]) -> None:
    command = [str(COURSE), "watch", "09", "-k", "dead-catalog", "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
    report = json.loads(said)
    assert (process.returncode, report["module"], report["failed"]) == (0, "09-resilience", 1)
