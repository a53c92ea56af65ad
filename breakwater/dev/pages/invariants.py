"""The reference of invariants, from the functions that hold them."""

import inspect
from itertools import groupby
from pathlib import Path

from breakwater import paths
from breakwater.dev.pages import NOTE, table
from breakwater.ledger import invariants
from breakwater.ledger.invariants import Invariant

PATH = "reference/invariants.md"

INTRO = f"""\
# Invariants

{NOTE.format(source="labs/boxoffice/invariants/")}

An invariant is a sentence that must be true of every run, whatever the weather was. `course ledger` holds a run to all
of them, and so does every check that buys. It judges from what buyers were told, what the provider did and what the
shop finally says, so that no service can talk it round. A breach names the orders or the seat that it is about, and
the few events that led to it.
"""


def text() -> str:
    """The whole page: a table for each file of invariants."""
    parts = [INTRO.strip()]
    for file, found in groupby(invariants.load(), key=_file):
        rows = [(f"`{each.name}`", each.sentence) for each in found]
        parts += [f"## Of the {file.stem}", table(("invariant", "what must hold"), rows)]
    return "\n\n".join(parts) + "\n"


def _file(invariant: Invariant) -> Path:
    return paths.INVARIANTS / Path(inspect.getfile(invariant.find)).name
