"""Reading a submitted notebook: a stranger's file, so bounded, read in the sandbox, and never trusted to be one.

Whoever reads it there answers in JSON. That is decoded here, which is safe for what it leaves out: of a bounded number
of bytes it makes nothing but text, numbers, lists and objects, whoever wrote them. Then it is held to the form of a
notebook.
"""

import os
import stat
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict

from autograder.inside.interpreter import reader
from autograder.inside.interpreter.reader import clear
from autograder.notebooks._reader import reader as in_sandbox
from breakwater.errors import CourseError

__all__ = ["NOTEBOOK_BYTES", "Unreadable", "clear", "parse", "read"]

NOTEBOOK_BYTES = 10 << 20
KINDS = ("code", "markdown", "raw")

reader.quiet()


class Unreadable(CourseError):
    """A file holds no notebook; the message says why, in words that follow its name."""


def read(file: Path) -> NotebookNode:
    """Return the notebook in a file, in nbformat 4, without outputs.

    Raises:
        Unreadable: there is no such file, it is too large, or it is no notebook.
        NoSandbox: this machine cannot confine whoever reads it.
        EngineTrouble: nobody read it; nothing follows about it.
    """
    opened = _opened(file)
    try:
        said = in_sandbox().read(opened)
    finally:
        os.close(opened)
    if "notebook" not in said:
        raise Unreadable(str(said.get("reason"))[: 2 * reader.LONGEST])
    return _held(said["notebook"])


def parse(data: bytes) -> NotebookNode:
    """Return the notebook in these bytes, which are no stranger's, as `read` does. Raises Unreadable."""
    try:
        found: NotebookNode = reader.parse(data)
    except reader.NoNotebook as error:
        raise Unreadable(str(error)) from None
    return found


def _opened(file: Path) -> int:
    """A descriptor of a file that can be read. Raises Unreadable."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        there = file.exists() or file.is_symlink()
        raise Unreadable("it is no regular file" if there else "it is not there") from None
    told = os.fstat(opened)
    if stat.S_ISREG(told.st_mode) and told.st_size <= NOTEBOOK_BYTES:
        return opened
    os.close(opened)
    regular = stat.S_ISREG(told.st_mode)
    raise Unreadable(f"it has more than {NOTEBOOK_BYTES >> 20} MiB" if regular else "it is no regular file")


def _held(told: Any) -> NotebookNode:
    """What was said, as a notebook. Raises Unreadable if it has not the form of one."""
    try:
        notebook: NotebookNode = from_dict(told)
        kinds = {cell.cell_type for cell in notebook.cells}
        sound = all(isinstance(c.source, str) and isinstance(c.metadata, dict) for c in notebook.cells)
        sound = sound and notebook.nbformat == 4 and isinstance(notebook.metadata, dict) and kinds <= set(KINDS)
    except (AttributeError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise Unreadable("it is no notebook")
    return notebook
