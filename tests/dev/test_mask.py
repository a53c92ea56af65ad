"""Masking makes messages of two runs equal, and only those."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.dev.mask import mask

NUMBERS = st.one_of(
    st.integers().map(str),
    st.integers(0, 10**9).map("{:,}".format),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: f"{x:.2f}"),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: f"{x:g}"),
)
SEATS = st.builds("{}{}".format, st.sampled_from("ABCDEFGHIJ"), st.integers(1, 20))
IDS = st.uuids().map(str)
VALUES = st.one_of(
    NUMBERS, SEATS, IDS, st.uuids().map(lambda id: id.hex[:16]).filter(lambda id: any(map(str.isdigit, id)))
)
WORDS = st.lists(st.sampled_from(["a buyer", "waited", "s", "seat", "(allowed:", "s)", "for", "order", "·", "x-ray"]))


@given(words=WORDS, data=st.data())
def test_messages_that_differ_in_values_only_become_equal(words: list[str], data: st.DataObject) -> None:
    kinds = data.draw(
        st.lists(st.sampled_from([NUMBERS, SEATS, IDS, VALUES]), min_size=len(words), max_size=len(words))
    )
    one, two = (" ".join(f"{word} {data.draw(kind)}" for word, kind in zip(words, kinds, strict=True)) for _ in "12")
    assert mask(one) == mask(two)


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(words=WORDS)
def test_words_are_kept(words: list[str]) -> None:
    assert mask(" ".join(words)) == " ".join(words)


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        ("a buyer waited 5.2 s (allowed: 2.5 s)", "a buyer waited # s (allowed: # s)"),
        (f"order {uuid.UUID(int=7)} has 2 captures", "order # has # capture"),
        ("seats A1, B17 and J20 were sold twice", "seats # were sold twice"),
        ("-3 cents, 4,500 cents, 1e-05 s", "# cent, # cent, # s"),
        ("1 order was paid twice (and 1 more order)", "# order was paid twice"),
        ("3 orders are late (and 12 more orders)", "# order are late"),
        ("2 classes, 1 class", "# classe, # class"),
        ("answer at 0.00 s–5.02 s", "answer at # s–# s"),
        (
            "went on for them: it still waited for catalog (allowed: 0.8 s)",
            "went on for them: it still waited for # (allowed: # s)",
        ),
        ("went on for them, as for catalog", "went on for them, as for #"),
    ],
)
def test_what_a_masked_message_looks_like(message: str, masked: str) -> None:
    assert mask(message) == masked


def test_a_changed_word_shows() -> None:
    assert mask("waited 5 s for payments") != mask("waited 5 s for orders")
