"""A process that is asked to end: itself, and not those that it started, as in a container."""

import os
import sys
from pathlib import Path

from breakwater.engines.process import PlainLauncher, Program
from tests.processes import processes_of
from tests.waiting import until

PARENT = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
def leave(*_):
    time.sleep(0.3)
    print("the child", "goes on" if child.poll() is None else f"ended with {child.returncode}", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
while True:
    signal.pause()
"""
CHILD = "import time\nprint('here', flush=True)\ntime.sleep(600)\n"


async def test_who_is_asked_to_end_tells_its_children_itself(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = (sys.executable, "-c", f"CHILD = {CHILD!r}\n{PARENT}")
    process = await PlainLauncher().start(Program("parent", command, tmp_path, dict(os.environ), log))
    while "ready" not in (log.read_text() if log.exists() else ""):
        await process.drained()
    await process.stop(10.0)
    await process.drained()
    assert process.exited.result() == 0
    assert "the child goes on" in log.read_text()
    until(lambda: not processes_of(tmp_path))
