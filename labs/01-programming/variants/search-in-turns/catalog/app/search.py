"""Search that forgives typing errors: `nihgt` finds the night."""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from statistics import fmean

from .models import Event

ALIKE = 0.75  # one letter in four may be wrong


Found = tuple[float, Event]


def compare(events: Iterable[Event], wanted: str) -> Iterator[Found]:
    """Yield each event with how well it fits, one at a time."""
    words = _words(wanted)
    for event in events:
        yield _likeness(event, words), event


def best(found: list[Found]) -> list[Event]:
    """Return the events in which each wanted word is found, the best first; those of one rank keep their order."""
    return [event for likeness, event in sorted(found, key=lambda pair: -pair[0]) if likeness >= ALIKE]


def _likeness(event: Event, wanted: list[str]) -> float:
    """How well the words are found, from 0 to 1; 0 if one of them is not."""
    words = set(_words(f"{event.title} {event.description} {event.venue.name} {event.venue.city}"))
    best = [max(SequenceMatcher(None, word, each).ratio() for each in words) for word in wanted]
    return fmean(best) if best and min(best) >= ALIKE else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
