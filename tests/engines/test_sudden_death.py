"""A command or a supervisor that is killed at a bad moment leaves nothing running, and the next command works."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from breakwater.engines import ShopSpec, state
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.errors import ShopDidNotStart
from tests.processes import is_supervisor, lives, processes_of, supervisor_of
from tests.waiting import until

pytestmark = pytest.mark.shop

UP = """
import sys, time
from pathlib import Path
from breakwater.engines import ShopSpec
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.errors import ShopDidNotStart
engine = EmbeddedEngine(ShopSpec(Path(sys.argv[1]), Path(sys.argv[2])), lease=sys.argv[3] == "lease")
print("begun", flush=True)
engine.up(lambda service: print(service.name, flush=True))
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(short_tmp: Path) -> Iterator[Path]:
    """A state folder; what runs in it at the end is brought down."""
    folder = short_tmp / f"s{time.monotonic_ns()}"
    yield folder
    EmbeddedEngine(ShopSpec(Path(), folder)).down()


@pytest.fixture
def begin(stub_folder: Path, folder: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a process that brings the shop up, in another process group; killed at the end."""
    begun: list[subprocess.Popen[str]] = []

    def start(how: str = "stay") -> "subprocess.Popen[str]":
        words = [sys.executable, "-c", UP, str(stub_folder), str(folder), how]
        begun.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()


def wait_for_line(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdout
    for said in process.stdout:
        if said.strip() == line:
            return
    raise AssertionError(f"the process ended before it said {line!r}")


def comes_up(stub_folder: Path, folder: Path) -> bool:
    engine = EmbeddedEngine(ShopSpec(stub_folder, folder), lease=True)
    healthy = {row.state for row in engine.up()} == {"healthy"}
    engine.down()
    return healthy and not folder.exists()


@pytest.mark.parametrize("moment", ["begun", "postgres", "provider", "back"])
def test_a_command_killed_during_up_leaves_nothing(
    begin: Callable[..., "subprocess.Popen[str]"], stub_folder: Path, folder: Path, moment: str
) -> None:
    process = begin()
    wait_for_line(process, moment)
    process.kill()
    process.wait()
    # Whatever its supervisor had started ends; a start that was complete at that moment may stay.
    until(lambda: not processes_of(folder) or not lives(folder) or _is_up(folder))
    assert comes_up(stub_folder, folder)
    until(lambda: not processes_of(folder))


def _is_up(folder: Path) -> bool:
    return {row.state for row in EmbeddedEngine(ShopSpec(Path(), folder)).status()} == {"healthy"}


def test_a_shop_outlives_the_command_that_started_it(
    begin: Callable[..., "subprocess.Popen[str]"], stub_folder: Path, folder: Path
) -> None:
    process = begin()
    wait_for_line(process, "up")
    process.kill()
    process.wait()
    engine = EmbeddedEngine(ShopSpec(stub_folder, folder))
    assert {row.state for row in engine.status()} == {"healthy"}
    engine.down()
    assert not processes_of(folder)


def _says(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


@pytest.mark.parametrize("moment", ["begun", "postgres", "up"])
def test_a_leased_shop_ends_with_its_holder(
    begin: Callable[..., "subprocess.Popen[str]"], folder: Path, moment: str
) -> None:
    process = begin("lease")
    wait_for_line(process, moment)
    process.kill()
    process.wait()
    # A holder that died before its supervisor began may leave a folder, with nothing in it but an empty log.
    until(lambda: not processes_of(folder) and not any(path.is_socket() or _says(path) for path in folder.rglob("*")))


@pytest.mark.parametrize("moment", ["begun", "postgres", "up"])
def test_a_killed_supervisor_takes_its_children_along_and_is_repaired(
    begin: Callable[..., "subprocess.Popen[str]"], stub_folder: Path, folder: Path, moment: str
) -> None:
    process = begin()
    wait_for_line(process, moment)
    supervisor_of(folder).kill()
    until(lambda: all(p.pid == process.pid for p in processes_of(folder)))
    process.kill()
    process.wait()
    assert comes_up(stub_folder, folder)


def test_down_clears_what_a_killed_supervisor_left(
    begin: Callable[..., "subprocess.Popen[str]"], stub_folder: Path, folder: Path
) -> None:
    process = begin()
    wait_for_line(process, "up")
    data = (folder / state.DATABASE).resolve()
    assert data.is_dir()
    supervisor_of(folder).kill()
    until(lambda: not lives(folder))
    engine = EmbeddedEngine(ShopSpec(stub_folder, folder))
    assert engine.status() == []
    engine.down()
    assert not folder.exists()
    assert not data.exists(), "its databases, which may lie in memory"


def test_a_supervisor_told_to_end_ends_cleanly(begin: Callable[..., "subprocess.Popen[str]"], folder: Path) -> None:
    wait_for_line(begin(), "up")
    supervisor, data = supervisor_of(folder), (folder / state.DATABASE).resolve()
    supervisor.send_signal(signal.SIGTERM)
    until(lambda: not folder.exists() and not data.exists())


def test_two_commands_at_once_bring_up_one_shop(
    begin: Callable[..., "subprocess.Popen[str]"], stub_folder: Path, folder: Path
) -> None:
    both = [begin(), begin()]
    for process in both:
        wait_for_line(process, "up")
    supervisors = list(filter(is_supervisor, processes_of(folder)))
    assert len(supervisors) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the process groups are ended by the next command")
def test_recorded_groups_are_ended_only_if_they_are_ours(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "600"], process_group=0)
    other = subprocess.Popen(["sleep", "600"], process_group=0)
    try:
        state.record(tmp_path, [child.pid])
        text = (tmp_path / state.PROCESSES).read_text()
        (tmp_path / state.PROCESSES).write_text(text[:-1] + f', "{other.pid}": "12"}}')
        state.clear(tmp_path)
        assert child.wait(5) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        child.kill()
        other.kill()
        other.wait()


def test_up_repairs_what_a_reset_left_that_a_dying_service_broke_off(
    make_engine: Callable[..., EmbeddedEngine], stub_copy: Path, tmp_path: Path
) -> None:
    dies, waits = tmp_path / "dies", tmp_path / "waits"
    _begin_with(stub_copy / "front", f"import os, sys\nif os.path.exists({str(dies)!r}): sys.exit(1)\n")
    _begin_with(stub_copy / "back", f"import os, time\nwhile os.path.exists({str(waits)!r}): time.sleep(0.01)\n")
    engine = make_engine(stub_copy)
    engine.up()
    dies.touch()
    waits.touch()
    with pytest.raises(ShopDidNotStart, match="front"):
        engine.reset()
    dies.unlink()
    waits.unlink()
    assert {row.state for row in engine.up()} == {"healthy"}
    engine.reset()


def _begin_with(service: Path, code: str) -> None:
    main = service / "app" / "main.py"
    main.write_text(code + main.read_text())
