"""`course shop …`, as a person or a script runs it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = pytest.mark.shop

Course = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def environment(short_tmp: Path) -> dict[str, str]:
    return {**os.environ, "BREAKWATER_STATE": str(short_tmp), "BREAKWATER_WORK": str(short_tmp / "work")}


@pytest.fixture(scope="module")
def course(environment: dict[str, str]) -> Course:
    def run(*words: str, **options: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", "from breakwater.cli import main; main()", "shop", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, **options)

    return run


@pytest.fixture
def down(course: Course, stub_copy: Path) -> Iterator[None]:
    yield
    course("down", "--shop", str(stub_copy))


@pytest.mark.usefixtures("down")
def test_up_status_logs_down(course: Course, stub_copy: Path, short_tmp: Path) -> None:
    where = ("--shop", str(stub_copy))
    up = course("up", *where, "--json")
    assert up.returncode == 0, up.stderr
    told = json.loads(up.stdout)
    assert [row["name"] for row in told["services"]] == ["postgres", "provider", "back", "teller", "front"]
    assert all(set(row) == {"name", "state", "pid", "seconds"} for row in told["services"])
    assert {row["state"] for row in told["services"]} == {"healthy"}
    assert httpx.post(f"{told['url']}/visits").json() == 1

    other = course("up", *where, "--port", "1")
    assert (other.returncode, other.stderr.split(",")[0]) == (3, "The shop is up already")
    again = course("up", *where)
    assert told["url"] in again.stdout
    assert json.loads(course("status", *where, "--json").stdout)["services"] == told["services"]
    assert "POST /visits" in course("logs", "front", *where).stdout
    assert "front | " in course("logs", *where).stdout
    assert "healthy" in course("restart", "front", *where).stdout

    assert course("down", *where).returncode == 0
    assert not any(psutil.pid_exists(row["pid"]) for row in told["services"])
    assert list(short_tmp.iterdir()) == []
    assert json.loads(course("status", *where, "--json").stdout)["services"] == []


@pytest.mark.usefixtures("down")
def test_a_taken_port_is_one_clear_line(course: Course, stub_copy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = course("up", "--shop", str(stub_copy), "--port", str(port))
    assert said.returncode == 3
    assert said.stderr == f"Port {port} is in use by another program: choose another with --port, or leave it out.\n"


@pytest.mark.usefixtures("down")
def test_a_service_that_does_not_start_is_one_clear_line(course: Course, stub_copy: Path) -> None:
    (stub_copy / "front" / "app" / "main.py").write_text("app = (\n")
    said = course("up", "--shop", str(stub_copy))
    assert said.returncode == 3
    assert said.stderr.startswith("front did not start: front/app/main.py, line 1: SyntaxError: '(' was never closed.")
    assert said.stderr.count("\n") == 1
    assert "SyntaxError" in course("logs", "front", "--shop", str(stub_copy)).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("up", "--engine", "embeded"), "There is no engine `embeded`. Did you mean `embedded`?"),
        (("up", "--shop", "/nowhere"), "/nowhere is not a shop: it has no compose.yaml."),
        (("up", "--port", "70000"), "Invalid value for '--port'"),
        (("restart", "front", "--shop", "/nowhere"), "The shop is not up. Start it: course shop up"),
    ],
)
def test_bad_input_is_one_clear_line(course: Course, words: tuple[str, ...], said: str) -> None:
    result = course(*words)
    assert result.returncode == 3
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.usefixtures("down")
@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_up_killed_half_way_can_be_run_again(
    course: Course, environment: dict[str, str], stub_copy: Path, how: str
) -> None:
    words = [sys.executable, "-c", "from breakwater.cli import main; main()", "shop", "up", "--shop", str(stub_copy)]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "healthy" in process.stdout.readline()
        getattr(process, how)()
    assert course("up", "--shop", str(stub_copy)).returncode == 0
