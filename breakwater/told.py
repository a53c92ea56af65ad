"""What buyers were told, kept in a file: whoever buys appends, and the ledger of another process reads it.

The file holds one JSON object a line: `{"answer": …}`, the fields of an `Answer`; `{"held": …}`, those of a `Held`; or
`{"fault": …}`, those of a `FaultWindow`, for whoever made weather. It lies with the shop's books and goes with them, at
`reset` and at `down`, so that it never tells of orders that a later shop cannot know. Several processes may append at
once.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from breakwater.buyer import Answer, Held
from breakwater.engines import ShopSpec
from breakwater.errors import BadInput, EngineTrouble
from breakwater.ledger.interleaving import FaultWindow

FILE = "told.jsonl"
Entry = Answer | Held | FaultWindow
KINDS: dict[str, type[Entry]] = {"answer": Answer, "held": Held, "fault": FaultWindow}


@dataclass(frozen=True)
class Told:
    """What a file tells: every answer, hold and fault, each kind in the order in which they were appended."""

    answers: tuple[Answer, ...] = ()
    held: tuple[Held, ...] = ()
    faults: tuple[FaultWindow, ...] = ()


class Recorder:
    """Appends to the file at `path`, each entry at once and whole. A context manager.

    Raises:
        EngineTrouble: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise EngineTrouble(f"What buyers are told cannot be kept in {path}: {error.strerror}.") from None

    def answer(self, answer: Answer) -> None:
        """Keep what one buyer was told."""
        self._append("answer", answer)

    def held(self, held: Held) -> None:
        """Keep what a buyer was told who asked for a hold."""
        self._append("held", held)

    def fault(self, fault: FaultWindow) -> None:
        """Keep that there was a fault, once it is known when it healed."""
        self._append("fault", fault)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def _append(self, kind: str, entry: Entry) -> None:
        # One write a line: the system keeps the lines of several processes apart.
        os.write(self._file, json.dumps({kind: asdict(entry)}).encode() + b"\n")


def file_of(spec: ShopSpec) -> Path:
    """Where what the buyers of this shop were told is kept while it runs."""
    return spec.state / "judge" / FILE


def read(path: Path) -> Told:
    """What was appended so far. A last line without its end is left out: its writer died, or is at it.

    Raises:
        BadInput: there is no such file, or a line of it is not an entry.
    """
    try:
        whole = path.read_bytes().rpartition(b"\n")[0]
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
    entries = [_entry(path, number, line) for number, line in enumerate(whole.splitlines(), 1)]
    return Told(
        tuple(entry for entry in entries if isinstance(entry, Answer)),
        tuple(entry for entry in entries if isinstance(entry, Held)),
        tuple(entry for entry in entries if isinstance(entry, FaultWindow)),
    )


def _entry(path: Path, number: int, line: bytes) -> Entry:
    try:
        [(kind, fields)] = json.loads(line).items()
        return KINDS[kind](**fields)
    except (ValueError, AttributeError, KeyError, TypeError):
        raise BadInput(
            f"{path}, line {number}: not what a buyer was told. Give a file that `course load` wrote."
        ) from None
