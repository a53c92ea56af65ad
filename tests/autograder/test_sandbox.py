"""A job is confined, bounded, and gone afterwards, whatever happens."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import sandbox
from tests.waiting import until

pytestmark = pytest.mark.sandbox
MARK = "BREAKWATER_TEST_MARK"


def alive(mark: str) -> list[int]:
    """The processes on this machine, in whatever namespace, whose environment holds the mark."""
    return list(_alive(f"{MARK}={mark}".encode()))


def _alive(needle: bytes) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and needle in (folder / "environ").read_bytes():
                yield int(folder.name)
        except OSError:
            continue


def run(code: str, **limits: float) -> sandbox.JobResult:
    bounds = sandbox.Limits(**limits) if limits else None  # type: ignore[arg-type]
    return sandbox.run_in_job([sys.executable, "-c", code], limits=bounds)


def test_a_job_returns_what_its_program_said() -> None:
    done = sandbox.run_in_job([sys.executable, "-c", "print(input()[::-1]); exit(3)"], stdin="abc\n")
    assert (done.output, done.status, done.breach) == ("cba\n", 3, "")


def test_a_job_sees_no_process_but_its_own_and_no_network_but_loopback() -> None:
    code = "import os, socket; print([p for p in os.listdir('/proc') if p.isdigit()], socket.if_nameindex())"
    assert run(code).output == "['1', '2'] [(1, 'lo')]\n"


def test_loopback_is_up() -> None:
    code = (
        "import socket as s; a = s.create_server(('127.0.0.1', 0)); s.create_connection(a.getsockname()); print('up')"
    )
    assert run(code).output == "up\n"


def test_a_job_that_is_given_the_network_reaches_this_machines_ports_and_sees_no_other_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        code = (
            "import os, socket; socket.create_connection(('127.0.0.1', " + str(port) + "));"
            "print([p for p in os.listdir('/proc') if p.isdigit()])"
        )
        done = sandbox.run_in_job([sys.executable, "-c", code], network=True)
    assert done.output == "['1', '2']\n"


def test_what_a_job_writes_is_gone_afterwards() -> None:
    code = "import os; open('x', 'w'); print(os.getcwd(), os.environ['TMPDIR'], os.environ['HOME'])"
    here, temporary, home = run(code).output.split()
    assert here == temporary == home
    assert not list(Path(here).iterdir())


def test_a_job_inherits_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING_SECRET", "1")
    assert "SOMETHING_SECRET" not in run("import os; print(*os.environ)").output


def test_a_fork_bomb_is_stopped() -> None:
    done = run("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass")
    assert done.breach == "more than 300 processes at once"


def test_endless_work_is_stopped() -> None:
    assert run("while True: pass", seconds=0.5).breach == "no end after 0 s"


def test_too_much_memory_is_stopped() -> None:
    code = "x = bytearray(512 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport time; time.sleep(60)"
    assert run(code, memory=256 << 20).breach == "more than 256 MB of memory"


def test_a_daemon_does_not_outlive_its_job(tmp_path: Path) -> None:
    code = "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(600)\nprint('done')"
    mark = str(tmp_path)
    done = sandbox.run_in_job([sys.executable, "-c", code], env={MARK: mark})
    assert done.output == "done\n"
    assert alive(mark) == []


def test_a_killed_grader_takes_its_job_along(tmp_path: Path) -> None:
    mark = str(tmp_path)
    code = f"from autograder import sandbox as s; s.run_in_job(['sleep', '600'], env={{{MARK!r}: {mark!r}}})"
    grader = subprocess.Popen([sys.executable, "-c", code])
    until(lambda: len(alive(mark)) > 0)
    os.kill(grader.pid, signal.SIGKILL)
    grader.wait()
    until(lambda: alive(mark) == [])


def test_no_sandbox_no_grading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(sandbox.NoSandbox, match=r"^No sandbox, no grading: `unshare` is not installed .*--unsandboxed"):
        sandbox.require()


def test_without_the_sandbox_only_if_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv(sandbox.UNSANDBOXED, "1")
    sandbox.require()
    assert run("print(1)").output == "1\n"
    assert run("while True: pass", seconds=0.5).breach == "no end after 0 s"
