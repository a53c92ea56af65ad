"""What goes wrong with containers is one clear line, and what dies at a bad moment leaves nothing."""

import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from breakwater.engines import ShopSpec, daemon, state
from breakwater.engines.compose import ComposeEngine
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.errors import BadInput, EngineTrouble, ShopDidNotStart
from tests.compose.conftest import TINY, left
from tests.waiting import until

pytestmark = [pytest.mark.shop, pytest.mark.compose]

MakeEngine = Callable[..., ComposeEngine]

BUILD = "    build: ./front"
UP = """
import sys, time
from pathlib import Path
from breakwater.engines import ShopSpec
from breakwater.engines.compose import ComposeEngine
engine = ComposeEngine(ShopSpec(Path(sys.argv[1]), Path(sys.argv[2])), lease=sys.argv[3] == "lease")
print("begun", flush=True)
engine.up(lambda service: print(service.name, flush=True))
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def begin(short_tmp: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a process that brings the tiny shop up; killed at the end."""
    begun: list[subprocess.Popen[str]] = []

    def start(folder: Path, how: str = "stay", said: str = "up") -> "subprocess.Popen[str]":
        words = [sys.executable, "-c", UP, str(TINY), str(folder), how]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
        begun.append(process)
        assert process.stdout
        assert any(line.strip() == said for line in process.stdout), "it ended before it came up"
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait()


def kill_supervisor_of(folder: Path) -> None:
    def is_its(process: psutil.Process) -> bool:
        words = process.info["cmdline"] or []
        return "breakwater.engines.supervisor" in words and str(folder) in words[-1]

    next(process for process in psutil.process_iter(["cmdline"]) if is_its(process)).kill()
    until(lambda: not state.is_locked(folder))


def test_a_leased_shop_ends_with_its_holder(begin: Callable[..., Any], short_tmp: Path, docker: Any) -> None:
    folder = short_tmp / "leased"
    process = begin(folder, "lease")
    assert left(docker, folder)
    process.kill()
    until(lambda: not left(docker, folder) and not folder.exists(), within_s=60)


@pytest.mark.parametrize("moment", ["postgres", "up"])
def test_what_a_killed_supervisor_left_is_swept_by_the_next_shop(
    begin: Callable[..., Any], make_engine: MakeEngine, short_tmp: Path, docker: Any, moment: str
) -> None:
    folder = short_tmp / f"killed-{moment}"
    begin(folder, said=moment)
    kill_supervisor_of(folder)
    assert left(docker, folder)
    make_engine(TINY).up()
    assert left(docker, folder) == []


def test_down_clears_what_a_killed_supervisor_left(begin: Callable[..., Any], short_tmp: Path, docker: Any) -> None:
    folder = short_tmp / "down"
    begin(folder)
    kill_supervisor_of(folder)
    engine = ComposeEngine(ShopSpec(TINY, folder))
    engine.down()
    assert left(docker, folder) == []
    assert not folder.exists()


def test_a_command_killed_during_up_can_be_run_again(begin: Callable[..., Any], short_tmp: Path, docker: Any) -> None:
    folder = short_tmp / "again"
    begin(folder, said="postgres").kill()
    engine = ComposeEngine(ShopSpec(TINY, folder), lease=True)
    assert {row.state for row in engine.up()} == {"healthy"}
    engine.down()
    assert left(docker, folder) == []


def test_a_service_that_does_not_start_is_told_with_its_last_lines(
    make_engine: MakeEngine, tiny_copy: Path, docker: Any
) -> None:
    (tiny_copy / "front" / "app" / "main.py").write_text("app = (\n")
    engine = make_engine(tiny_copy, lease=False)
    with pytest.raises(ShopDidNotStart) as caught:
        engine.up()
    said = "front did not start: front/app/main.py, line 1: SyntaxError: '(' was never closed."
    assert str(caught.value).startswith(said)
    assert any("SyntaxError" in line for line in caught.value.last_lines)
    assert any("SyntaxError" in line for line in engine.logs("front"))
    assert left(docker, engine.spec.state) == []


def test_an_image_that_does_not_build_is_one_clear_line(make_engine: MakeEngine, tiny_copy: Path) -> None:
    with (tiny_copy / "front" / "Dockerfile").open("a") as file:
        file.write("RUN echo error: no such wharf >&2; exit 7\n")
    line = len((tiny_copy / "front" / "Dockerfile").read_text().splitlines())
    with pytest.raises(ShopDidNotStart) as caught:
        make_engine(tiny_copy).up()
    where = f"front/Dockerfile, line {line}"
    assert str(caught.value).startswith(f"The image of front does not build: {where}: `RUN echo error")
    assert str(caught.value).endswith("error: no such wharf")
    assert "\n" not in str(caught.value)


def test_a_description_that_compose_refuses_is_one_clear_line(make_engine: MakeEngine, tiny_copy: Path) -> None:
    text = (tiny_copy / "compose.yaml").read_text()
    (tiny_copy / "compose.yaml").write_text(text.replace(BUILD, f"{BUILD}\n    colour: red"))
    with pytest.raises(BadInput, match=r"Compose refuses it: .*colour") as caught:
        make_engine(tiny_copy).up()
    assert "\n" not in str(caught.value)


def test_a_database_whose_disk_is_full_is_one_clear_line(make_engine: MakeEngine, tiny_copy: Path) -> None:
    file = tiny_copy / "compose.yaml"
    config = yaml.safe_load(file.read_text())
    config["volumes"]["postgres-data"] = {
        "driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=8m"},
    }
    file.write_text(yaml.safe_dump(config))
    with pytest.raises(ShopDidNotStart, match=r"postgres did not start: .*No space left on device") as caught:
        make_engine(tiny_copy).up()
    assert "\n" not in str(caught.value)


def test_a_service_that_takes_more_memory_than_it_may_is_told_so(make_engine: MakeEngine, tiny_copy: Path) -> None:
    file = tiny_copy / "compose.yaml"
    config = yaml.safe_load(file.read_text())
    config["services"]["front"]["mem_limit"] = "32m"
    file.write_text(yaml.safe_dump(config))
    (tiny_copy / "front" / "app" / "main.py").write_text("b'x' * (256 << 20)\n")
    with pytest.raises(ShopDidNotStart, match="front did not start: it used more memory than it may"):
        make_engine(tiny_copy).up()


def test_a_port_that_is_taken_is_one_clear_line(make_engine: MakeEngine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"Port {port} is in use by another program: choose another with --port"):
            make_engine(TINY, port=port).up()


def test_a_shop_that_is_up_on_another_engine_is_not_taken_for_ones_own(make_engine: MakeEngine) -> None:
    engine = make_engine(TINY)
    engine.up()
    with pytest.raises(BadInput, match="up already, on the engine compose"):
        EmbeddedEngine(engine.spec).up()
    assert {row.state for row in engine.status()} == {"healthy"}


def test_isolation_is_not_offered() -> None:
    with pytest.raises(BadInput, match="--engine embedded"):
        ComposeEngine(ShopSpec(TINY, Path("/tmp/x")), isolate=True)


def course(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from breakwater.cli import main; main()", *words]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=240)


@pytest.mark.parametrize("words", [("shop", "up", "--engine", "compose"), ("images",), ("images", "--offline")])
def test_a_daemon_that_does_not_answer_is_one_clear_line(words: tuple[str, ...], short_tmp: Path) -> None:
    more = () if words[0] == "images" else ("--shop", str(TINY))
    said = course(*words, *more, DOCKER_HOST="unix:///nowhere.sock", BREAKWATER_STATE=str(short_tmp / "none"))
    assert said.returncode == 3
    assert said.stderr == (
        "No Docker daemon answers at unix:///nowhere.sock. The embedded engine needs none: course shop up. "
        "To use Compose, start Docker, then: course doctor docker\n"
    )


class OldEngine(BaseHTTPRequestHandler):
    """Answers as Docker Engine 20.10 does."""

    def do_GET(self) -> None:
        body = json.dumps({"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a client"

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_an_engine_that_is_too_old_is_one_clear_line(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(short_tmp / "old.sock")
    with socketserver.ThreadingUnixStreamServer(path, OldEngine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with pytest.raises(EngineTrouble, match=r"Docker Engine 20\.10\.24 is too old: 24\.0 is needed"):
            daemon.connect()
        server.shutdown()


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("dockerd"), reason="a daemon of its own needs root")
def test_a_full_disk_of_dockers_is_one_clear_line(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon of its own, with all its data on 16 MB, in a network of its own: the machine's is another daemon's."""
    own_tmp = short_tmp / "dockerd"  # its sockets want short paths, too
    disk = own_tmp / "disk"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], check=True)
    listen = f"unix://{own_tmp}/docker.sock"
    where = ("--data-root", disk / "data", "--exec-root", own_tmp / "exec", "--pidfile", own_tmp / "pid")
    words = ["unshare", "--net", "dockerd", "-H", listen, *where, "--bridge", "none", "--iptables=false"]
    with (own_tmp / "log").open("w") as log:
        own = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    monkeypatch.setenv("DOCKER_HOST", listen)
    try:
        until(lambda: subprocess.run(["docker", "version"], capture_output=True).returncode == 0)
        said = course("images", "--offline", DOCKER_HOST=listen)
        assert said.returncode == 3
        assert said.stderr.count("\n") == 1
        assert "Docker's disk is full (docker system df). Make room, then again." in said.stderr
    finally:
        own.send_signal(signal.SIGTERM)
        own.wait(30)
        subprocess.run(["umount", "--lazy", disk], check=True)
