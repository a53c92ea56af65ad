"""The process in which the test cells of one notebook run (see `_cells`), as whoever runs the notebook holds it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import Any

from breakwater.errors import EngineTrouble

SERVES = "await __import__('crossing.sides', fromlist=['serve']).serve({path!r}, globals())"
LAST_WORDS_S = 10.0  # a test is over before the learner's side is let go; who left by itself is not waited for


class LineLost(Exception):
    """The judge and the learner's process lost one another: neither can go on with this notebook."""


class CellJudge:
    """Runs the test cells of one notebook, whose kernel meets it at the socket `meeting`."""

    def __init__(self, meeting: Path) -> None:
        self.serves = SERVES.format(path=str(meeting))
        self._meeting, self._began = meeting, False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder._cells", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            text=True,
        )

    def begin(self, source: str) -> None:
        """Have a test cell judged as soon as the kernel runs what `serves` says.

        Raises:
            EngineTrouble: the process did not start, before it had anything to do with a learner.
            LineLost: it has ended since.
        """
        try:
            self._send(source)
        except LineLost:
            if self._began:
                raise
            raise EngineTrouble("The process that runs the tests of a notebook did not start.") from None
        self._began = True

    def _send(self, source: str) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps({"source": source, "socket": str(self._meeting)}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise LineLost from None
        self._answer()

    def outputs(self) -> list[dict[str, Any]]:
        """What the cell gave, as nbformat has it. Raises LineLost if it came to no end."""
        if self._meeting.exists():  # until the two have met
            raise LineLost
        ending = Timer(LAST_WORDS_S, self.close)
        ending.start()
        try:
            answer = self._answer()
        finally:
            ending.cancel()
        if answer["broke"]:
            raise LineLost
        return answer["outputs"]  # type: ignore[no-any-return]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        if not (line := self._process.stdout.readline()):
            raise LineLost
        return json.loads(line)  # type: ignore[no-any-return]
