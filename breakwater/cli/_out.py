"""How commands speak: people read `console`, programs read `print_json`.

What a command reports goes to stdout; notes and errors go to stderr, so that `--json` stays parseable.
"""

import json
from typing import Any

from rich.console import Console

console = Console(highlight=False)
notes = Console(highlight=False, stderr=True)


def print_json(data: Any) -> None:
    """Print `data` as indented JSON on stdout. Paths, dates and the like become strings."""
    text = json.dumps(data, indent=2, ensure_ascii=False, default=str)
    # What no encoding has, half of a pair of surrogates, as JSON writes it.
    print(text.encode(errors="backslashreplace").decode(), flush=True)


def printable(text: str) -> str:
    """A stranger's text in one line, its control characters as their escapes: a terminal would obey them."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def note(text: str) -> None:
    """Say one line on stderr, without markup and without wrapping."""
    notes.print(text, markup=False, soft_wrap=True)
