"""Where the demo plays: a folder of its own for all that it and its processes write, gone however it ends."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from breakwater import paths

# Waits for our end, which closes the pipe however we die; what still dies with us may write for a moment longer.
SWEEPER = """
import pathlib, shutil, sys, time
sys.stdin.buffer.read()
folder, until = pathlib.Path(sys.argv[1]), time.monotonic() + 30
while folder.exists() and time.monotonic() < until:
    shutil.rmtree(folder, ignore_errors=True)
    time.sleep(0.2)
"""


@contextmanager
def stage() -> Iterator[Path]:
    """A fresh folder, in which this process and all that it starts keep the state of shops, work and class.

    A process of its own removes it, so that even a kill leaves nothing behind. It lies where the state of shops does:
    that place is short enough for sockets.
    """
    parent = paths.state().parent
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bw-demo-", dir=parent))
    sweeper = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", SWEEPER, str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    before = dict(os.environ)
    os.environ |= {
        "BREAKWATER_STATE": str(folder),
        "BREAKWATER_WORK": str(folder / "work"),
        "BREAKWATER_CLASS": str(folder / "class"),
        "JUPYTER_RUNTIME_DIR": str(folder / "jupyter"),
    }
    try:
        yield folder
    finally:
        os.environ.clear()
        os.environ |= before
        sweeper.communicate()
