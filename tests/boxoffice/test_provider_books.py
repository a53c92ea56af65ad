"""The provider's books, as a property: whatever is asked in whatever order, each key takes money once."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.boxoffice.conftest import load

books_module = load("provider", "books")

REFERENCES = st.sampled_from(["order-1", "order-2"])
AMOUNTS = st.sampled_from([4500, 9000])
KEYS = st.sampled_from([None, "key-1", "key-2"])


class Bookkeeping(RuleBasedStateMachine):
    """Captures, refunds and restarts in any order, beside a model of what the books must hold."""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "books.jsonl"
        self.books = books_module.Books(self.path)
        self.first: dict[str, object] = {}
        self.captures: list[str] = []
        self.refunds: dict[str, str] = {}

    @rule(reference=REFERENCES, amount=AMOUNTS, key=KEYS)
    def capture(self, reference: str, amount: int, key: str | None) -> None:
        first = self.first.get(key) if key else None
        if first and (first.reference, first.amount_cents) != (reference, amount):
            with pytest.raises(books_module.KeyReused):
                self.books.capture(reference, amount, key)
            return
        made = self.books.capture(reference, amount, key)
        assert made == first if first else made.id not in self.captures
        assert (made.reference, made.amount_cents, made.idempotency_key) == (reference, amount, key)
        if not first:
            self.captures.append(made.id)
        if key:
            self.first[key] = made

    @rule(which=st.integers(min_value=0, max_value=9))
    def refund(self, which: int) -> None:
        if not self.captures:
            with pytest.raises(books_module.NoSuchCapture):
                self.books.refund("cap_unheard_of")
            return
        capture_id = self.captures[which % len(self.captures)]
        made = self.books.refund(capture_id)
        assert made.id == self.refunds.setdefault(capture_id, made.id)

    @rule(torn=st.sampled_from([b"", b'{"capture": {"id": "cap_half', b"{"]))
    def die_and_come_back(self, torn: bytes) -> None:
        """The process ends; what it was writing may be half a line."""
        self.books.close()
        with self.path.open("ab") as file:
            file.write(torn)
        self.books = books_module.Books(self.path)

    @rule()
    def clear(self) -> None:
        self.books.clear()
        self.first, self.captures, self.refunds = {}, [], {}

    @invariant()
    def agree_with_the_model(self) -> None:
        assert list(self.books.captures) == self.captures
        assert {refund.capture_id: refund.id for refund in self.books.refunds.values()} == self.refunds

    @invariant()
    def everything_is_in_the_file(self) -> None:
        lines = [json.loads(line) for line in self.path.read_text().splitlines()]
        assert [line["capture"]["id"] for line in lines if "capture" in line] == self.captures
        assert [line["refund"]["id"] for line in lines if "refund" in line] == list(self.refunds.values())

    def teardown(self) -> None:
        self.books.close()
        self.folder.cleanup()


TestBookkeeping = Bookkeeping.TestCase
TestBookkeeping.settings = settings(deadline=None, derandomize=True, database=None, max_examples=60)
