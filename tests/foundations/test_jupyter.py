"""JupyterLab lives exactly as long as the command that started it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

COURSE = Path(sys.executable).parent / "course"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"BREAKWATER_WORK": str(tmp_path / "work"), "BREAKWATER_STATE": str(tmp_path), "HEADLESS": "1"}


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen([COURSE, "jupyter", "09", "--json"], env=environment, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


def told(process: "subprocess.Popen[str]") -> dict[str, str | int]:
    assert process.stdout
    lines = iter(process.stdout.readline, "}\n")
    known: dict[str, str | int] = json.loads("".join(lines) + "}")
    return known


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells a child that its parent died")
def test_kill_nine_of_the_command_ends_the_server(started: "subprocess.Popen[str]") -> None:
    server = int(told(started)["pid"])
    assert is_alive(server)
    os.kill(started.pid, signal.SIGKILL)
    give_up_at = time.monotonic() + 20
    while is_alive(server):
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_the_end_is_clean_on_an_interrupt(started: "subprocess.Popen[str]") -> None:
    server = int(told(started)["pid"])
    started.send_signal(signal.SIGINT)
    assert started.wait(20) == 0
    assert not is_alive(server)


def test_a_taken_port_is_told(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [COURSE, "jupyter", "--port", port], env=environment, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"Port {port} is taken by another program. Leave out --port to take a free one.\n"


def test_a_server_that_does_not_start_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "jupyterlab").mkdir()
    (broken / "jupyterlab" / "__main__.py").write_text("import sys; sys.exit('no space left')")
    (broken / "jupyterlab" / "__init__.py").touch()
    done = subprocess.run(
        [COURSE, "jupyter"], env=environment | {"PYTHONPATH": str(broken)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("JupyterLab did not start: no space left (the whole log: ")
    assert done.stderr.count("\n") == 1
