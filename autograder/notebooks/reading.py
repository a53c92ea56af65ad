"""Reading a submitted notebook: a stranger's file, so bounded, and never trusted to be what its name says.

What it shows of earlier runs is dropped before anything looks at it: it has no say in a score, it is most of a large
file, and a right answer is not to be lost over an odd output.
"""

import json
import re
import warnings
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode, reader
from nbformat.warnings import DuplicateCellId, MissingIDFieldWarning

from breakwater.errors import CourseError

NOTEBOOK_BYTES = 10 << 20
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a pair of surrogates, in JSON

for _mended in (DuplicateCellId, MissingIDFieldWarning):
    warnings.filterwarnings("ignore", category=_mended)


class Unreadable(CourseError):
    """A file holds no notebook; the message says why, in words that follow its name."""


def read(file: Path) -> NotebookNode:
    """Return the notebook in a file, in nbformat 4, without outputs.

    Raises:
        Unreadable: there is no such file, it is too large, or it is no notebook.
    """
    if not file.is_file() or file.is_symlink():
        raise Unreadable("it is no regular file" if file.exists() or file.is_symlink() else "it is not there")
    with file.open("rb") as opened:
        data = opened.read(NOTEBOOK_BYTES + 1)
    if len(data) > NOTEBOOK_BYTES:
        raise Unreadable(f"it has more than {NOTEBOOK_BYTES >> 20} MiB")
    return parse(data)


def parse(data: bytes) -> NotebookNode:
    """Return the notebook in these bytes, as `read` does. Raises Unreadable."""
    try:
        notebook: NotebookNode = nbformat.convert(reader.reads(_writable(data.decode("utf-8"))), 4)
        clear(notebook)
        nbformat.validate(notebook)
    except Exception as error:  # whatever this meets in a stranger's file, the file is no notebook
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise Unreadable(f"it is no notebook: {said[:200]}") from None
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
