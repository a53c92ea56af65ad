"""Search that forgives typing errors: `nihgt` finds the night. It compares with each different word once."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from statistics import fmean

from .models import Event

ALIKE = 0.75  # one letter in four may be wrong


def search(events: Iterable[Event], wanted: str) -> list[Event]:
    """Return the events in which each word of `wanted` is found, the best first; those of one rank keep their order."""
    words_of = [
        (event, set(_words(f"{event.title} {event.description} {event.venue.name} {event.venue.city}")))
        for event in events
    ]
    different = set().union(*(words for _, words in words_of))
    alike = [{each: SequenceMatcher(None, word, each).ratio() for each in different} for word in _words(wanted)]
    found = [(_likeness(words, alike), event) for event, words in words_of]
    return [event for likeness, event in sorted(found, key=lambda pair: -pair[0]) if likeness >= ALIKE]


def _likeness(words: set[str], alike: list[dict[str, float]]) -> float:
    """How well the wanted words are found, from 0 to 1; 0 if one of them is not."""
    best = [max(ratios[each] for each in words) for ratios in alike]
    return fmean(best) if best and min(best) >= ALIKE else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
