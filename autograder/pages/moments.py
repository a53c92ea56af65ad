"""From the line that proves what happened back to its events, so that a page can list them and draw them.

A report keeps an interleaving as text (`breakwater.ledger.interleaving.as_text`): `buyer → gateway 0.00 s · …`.
Evidence may be of any other kind, too, and holds what a stranger's service said; what is no interleaving has no events.
"""

import re
from base64 import b64encode

from markupsafe import Markup

from breakwater.ledger import diagram
from breakwater.ledger.interleaving import BUYER, PROVIDER, Event

BETWEEN = " · "
MOST = 60  # events; an interleaving is far shorter
_NAME = r"[a-z][a-z-]{0,30}(?: \d{1,3})?"
_MOMENT = re.compile(
    rf"(?:(?P<source>{_NAME}) → (?P<target>{_NAME})(?: (?P<says>.+?))?|(?P<alone>.+?)) (?P<at>-?\d+\.\d\d) s"
)
_WHOSE = re.compile(r" ?\bfor (?P<buyer>buyer \d{1,3})$")
_ON_ITS_OWN = re.compile(rf"(?P<who>{_NAME}) (?P<says>.+)")


def events(line: str) -> list[Event]:
    """The events of an interleaving, in seconds from the first; none where the line is something else."""
    found = [_MOMENT.fullmatch(part) for part in line.split(BETWEEN)[: MOST + 1]]
    if not all(found) or not 2 <= len(found) <= MOST:
        return []
    arrows = [one for one in found if one and one["source"]]
    names = {PROVIDER, *(one[end] for one in arrows for end in ("source", "target"))}
    zero = float(found[0]["at"]) if found[0] else 0.0
    return [_event(one, names, zero) for one in found if one] if arrows else []


def _event(found: re.Match[str], names: set[str], zero: float) -> Event:
    at = float(found["at"]) - zero
    if found["source"]:
        says, whose = found["says"] or "", _WHOSE.search(found["says"] or "")
        ends = (found["source"], found["target"])
        buyer = whose["buyer"] if whose else next((name for name in ends if name.startswith(BUYER)), "")
        return Event(at, *ends, says[: whose.start()] if whose else says, buyer)
    own = _ON_ITS_OWN.fullmatch(found["alone"])
    who = next((name for name in (own["who"], own["who"].partition(" ")[0]) if name in names), "") if own else ""
    return Event(at, who, "", found["alone"].removeprefix(who).strip(), who)


def picture(moments: list[Event], title: str) -> Markup:
    """The sequence diagram, as the address of an image that stands alone: none of its style reaches the page."""
    svg = diagram.svg(moments, title)
    return Markup(f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}")  # letters that need no escape
