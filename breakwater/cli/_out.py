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
    print(json.dumps(data, indent=2, ensure_ascii=False, default=str), flush=True)


def note(text: str) -> None:
    """Say one line on stderr, without markup and without wrapping."""
    notes.print(text, markup=False, soft_wrap=True)
