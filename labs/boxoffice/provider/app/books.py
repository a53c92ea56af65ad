"""The provider's books: what was really captured and refunded.

They are an append-only file with one JSON object a line, written before anybody is answered: what the file does
not hold did not happen, and killing the process loses nothing. A call of `capture` or `refund` never waits, so
two of them cannot interleave, and one idempotency key cannot capture twice.
"""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import BaseModel


class Capture(BaseModel):
    """Money taken from a card. `at` is in UNIX seconds."""

    id: str
    reference: str
    amount_cents: int
    at: float
    idempotency_key: str | None = None


class Refund(BaseModel):
    """A capture's money given back, in full. `at` is in UNIX seconds."""

    id: str
    capture_id: str
    at: float


class KeyReused(Exception):
    """The idempotency key belongs to an earlier capture with another reference or amount."""


class NoSuchCapture(Exception):
    """A refund names a capture that the books do not hold."""


class Books:
    def __init__(self, path: Path) -> None:
        """Open the books at `path`; they begin empty where there is no file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b", buffering=0)
        self._by_key: dict[str, Capture] = {}
        self.captures: dict[str, Capture] = {}
        self.refunds: dict[str, Refund] = {}
        self._read()

    def capture(self, reference: str, amount_cents: int, key: str | None) -> Capture:
        """Take the money, once per key: the same key gets its first capture again. Raises KeyReused."""
        if key is not None and (first := self._by_key.get(key)):
            if (first.reference, first.amount_cents) != (reference, amount_cents):
                raise KeyReused
            return first
        capture = Capture(
            id=f"cap_{uuid4().hex}", reference=reference, amount_cents=amount_cents, at=time.time(), idempotency_key=key
        )
        self._write("capture", capture)
        self._remember(capture)
        return capture

    def refund(self, capture_id: str) -> Refund:
        """Give a capture's money back, once: a second call gets the first refund again. Raises NoSuchCapture."""
        if capture_id not in self.captures:
            raise NoSuchCapture
        if first := self.refunds.get(capture_id):
            return first
        refund = Refund(id=f"ref_{uuid4().hex}", capture_id=capture_id, at=time.time())
        self._write("refund", refund)
        self.refunds[capture_id] = refund
        return refund

    def find(self, reference: str) -> list[Capture]:
        return [capture for capture in self.captures.values() if capture.reference == reference]

    def clear(self) -> None:
        """Begin anew with empty books."""
        self._file.truncate(0)
        for entries in (self._by_key, self.captures, self.refunds):
            entries.clear()

    def close(self) -> None:
        self._file.close()

    def _remember(self, capture: Capture) -> None:
        self.captures[capture.id] = capture
        if capture.idempotency_key is not None:
            self._by_key[capture.idempotency_key] = capture

    def _write(self, kind: str, entry: BaseModel) -> None:
        self._file.write(json.dumps({kind: entry.model_dump()}).encode() + b"\n")

    def _read(self) -> None:
        self._file.seek(0)
        whole, _, torn = self._file.read().rpartition(b"\n")
        if torn:  # the process died in the middle of this line, and so before it answered
            self._file.truncate(len(whole) + 1 if whole else 0)
        for line in whole.splitlines():
            self._enter(json.loads(line))

    def _enter(self, line: dict[str, Any]) -> None:
        if "capture" in line:
            self._remember(Capture(**line["capture"]))
        else:
            refund = Refund(**line["refund"])
            self.refunds[refund.capture_id] = refund
