"""The process that reads submitted notebooks, one after another, and says what is in them.

Run as `python -m interpreter.reader SOCKET`, in a cell of the sandbox that keeps no capability. It says that it is
`ready`; then it is handed an open file with each byte, and answers `{"notebook": …}` or `{"reason": why none}`. What
takes too much processor time ends it. A fork for each notebook would keep one from the next even if Python's own JSON
had a flaw; that would cost 6 ms, where reading costs 2.

What a notebook shows of earlier runs is dropped before anything looks at it: it has no say in a score, it is most of a
large file, and a right answer is not to be lost over an odd output.
"""

import json
import re
import resource
import socket
import sys
import warnings
from typing import Any

from . import forks, seccomp
from .crossing.channel import Channel, Message
from .crossing.values import CannotCross
from .jail import PR_SET_NO_NEW_PRIVS

MEMORY, SECONDS = 512 << 20, 10  # bytes, and processor time for a notebook
MINORS = range(6)  # of nbformat 4; each has a schema, which takes time to compile
LONGEST = 200  # characters of a reason
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a pair of surrogates, in JSON


class NoNotebook(Exception):
    """Why there is no notebook, in one line."""


def parse(data: bytes) -> Any:
    """The notebook in these bytes, in nbformat 4, without outputs. Raises NoNotebook."""
    import nbformat

    try:
        notebook = nbformat.convert(nbformat.reader.reads(_writable(data.decode("utf-8"))), 4)
        clear(notebook)
        nbformat.validate(notebook)
    except Exception as error:  # whatever this meets in a stranger's file, the file is no notebook
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise NoNotebook(f"it is no notebook: {said[:LONGEST]}") from None
    return notebook


def _writable(text: str) -> str:
    """The same JSON, with a question mark for half of a pair of surrogates, which no encoding has."""
    if not HALF.search(text):
        return text
    return json.dumps(json.loads(text), ensure_ascii=False).encode(errors="replace").decode()


def clear(notebook: Any) -> None:
    """Drop what the code cells showed, as nbgrader's ClearOutput does."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            for name in ("collapsed", "scrolled"):
                cell.metadata.pop(name, None)


def quiet() -> None:
    """Do not warn of what is mended."""
    from nbformat.warnings import DuplicateCellId, MissingIDFieldWarning

    for mended in (DuplicateCellId, MissingIDFieldWarning):
        warnings.filterwarnings("ignore", category=mended)


def answer(file: int) -> Message:
    """What is in a file."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(_used_s()) + 1 + SECONDS, most))
    try:
        with open(file, "rb") as opened:
            opened.seek(0)
            return {"notebook": parse(opened.read())}
    except NoNotebook as error:
        return {"reason": str(error)}


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def prepare() -> None:
    """Read a notebook of each kind, so that none compiles a schema; then refuse what nobody here has a use for."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # see the package `autograder`
    quiet()
    for minor in MINORS:
        parse(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": minor}).encode())
    if sys.platform == "linux":
        for what, most in {"AS": MEMORY, "FSIZE": 0, "CORE": 0}.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{what}"), (most, most))
        forks.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        seccomp.restrict()


def main() -> None:
    caller = socket.socket(fileno=int(sys.argv[1]))
    channel = Channel(caller)
    prepare()
    channel.send({"ready": True})
    while True:
        asked, files, _, _ = socket.recv_fds(caller, 1, 1)
        if not asked:
            return
        try:
            channel.send(answer(files[0]))
        except (CannotCross, MemoryError):
            channel.send({"reason": "it is too large"})


if __name__ == "__main__":
    main()
