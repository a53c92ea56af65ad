"""Masking what differs from run to run, so that two messages compare by what they say."""

import re

_MASK = "#"
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_HEX = re.compile(r"\b(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b")
_SEAT = re.compile(r"\b[A-Z]\d{1,3}\b")
_NUMBER = re.compile(r"(?:(?<![\w.])[-+−])?\d(?:[\d_]|,(?=\d{3}))*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_RUN = re.compile(r"#(?:(?:, | and |, and )#)+")
_MORE = re.compile(r" ?\(and # more\b[^()]*\)")
_WHOM = re.compile(r"(?<=still waited for )\w+|(?<=, as for )\w+")  # of several calls, which was the last is chance
_PLURAL = re.compile(r"(# (?:more )?\w{3,}(?<!s))s\b")


def mask(message: str) -> str:
    """Replace numbers, ids, seats and who was waited for last by `#`, and a list of them by one `#`; the noun after it
    loses its plural.

    Two messages that differ only in such values are equal afterwards, also where one has more to tell of the same,
    "(and 2 more orders)"; masking twice changes nothing.
    """
    for pattern in (_UUID, _HEX, _SEAT, _WHOM, _NUMBER, _RUN):
        message = pattern.sub(_MASK, message)
    return _PLURAL.sub(r"\1", _MORE.sub("", message))
