"""The interleaving as a sequence diagram: an SVG that stands alone, for light and dark pages, and says itself in words.

Read from top to bottom. A column is a buyer or a service; an arrow, something that one said to another; a dot,
something that one did. Rows are evenly spaced and the seconds stand at the left: the order is what matters.
"""

from collections.abc import Iterator, Sequence
from html import escape

from breakwater.ledger.interleaving import BUYER, PROVIDER, Event

COLUMN, ROW, LEFT, HEAD, PAD = 150, 34, 78, 52, 16  # px
LETTER = 6.4  # px: about the width of one, to keep labels inside
HEAD_SIZE = 7  # of an arrow, px

# Buyers are told apart by colour (Okabe and Ito: also without colour vision) and by the pattern of their lines.
STYLE = """
  svg { color-scheme: light dark; }
  .paper { fill: #ffffff; } .ink, .time { fill: #222222; } .time { fill: #5b5b5b; }
  .life { stroke: #b5b5b5; } .box { fill: #f1f1f1; stroke: #b5b5b5; }
  .label { stroke: #ffffff; } .weather { fill: #fff0d0; }
  .all { stroke: #444444; fill: #444444; } .one { stroke: #0072b2; fill: #0072b2; }
  .two { stroke: #b04a00; fill: #b04a00; } .three { stroke: #007a57; fill: #007a57; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #1b1d21; } .ink { fill: #ececec; } .time { fill: #a8a8a8; }
    .life { stroke: #5c5f66; } .box { fill: #2a2d33; stroke: #5c5f66; }
    .label { stroke: #1b1d21; } .weather { fill: #4a3a14; }
    .all { stroke: #c8c8c8; fill: #c8c8c8; } .one { stroke: #56b4e9; fill: #56b4e9; }
    .two { stroke: #f0a04b; fill: #f0a04b; } .three { stroke: #4cc9a0; fill: #4cc9a0; }
  }
  text { font: 12px system-ui, sans-serif; } .name { font-weight: 600; }
  .label { paint-order: stroke; stroke-width: 4px; stroke-linejoin: round; } line { stroke-width: 1.5px; }
  .two line { stroke-dasharray: 7 3; } .three line { stroke-dasharray: 2 3; }
"""
THREADS = {f"{BUYER} 1": "one", f"{BUYER} 2": "two", f"{BUYER} 3": "three"}


def svg(events: Sequence[Event], title: str) -> str:
    """Draw the events, which are in time order. `title` says what they show."""
    columns = {name: LEFT + COLUMN * (n + 0.5) for n, name in enumerate(_participants(events))}
    width, bottom = LEFT + COLUMN * len(columns) + PAD, HEAD + ROW * (len(events) + 0.5)
    parts = [f'<rect class="paper" width="{width}" height="{bottom + PAD:g}" rx="6"/>']
    parts += [_life(name, x, bottom) for name, x in columns.items()]
    for row, event in enumerate(events, 1):
        y = HEAD + ROW * row
        parts.append(f'<text class="time" x="{PAD}" y="{y + 4}">{event.at - events[0].at:.3f} s</text>')
        parts.append(_event(event, columns, y, width))
    described = "; ".join(f"{event.at - events[0].at:.3f} s {event.text}" for event in events)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + PAD:g}" width="{width}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title><desc>{escape(described)}</desc><style>{STYLE}</style>{"".join(parts)}</svg>\n'
    )


def _participants(events: Sequence[Event]) -> list[str]:
    """Buyers first, then the services in the order in which they appear, the provider last."""
    names = list(dict.fromkeys(name for event in events for name in (event.source, event.target) if name))
    return sorted(names, key=lambda name: (not name.startswith(BUYER), name == PROVIDER, _number(name)))


def _number(name: str) -> int:
    return int(name.rpartition(" ")[2]) if name.startswith(f"{BUYER} ") else 0


def _life(name: str, x: float, bottom: float) -> str:
    half = COLUMN / 2 - 8
    return (
        f'<rect class="box" x="{x - half:g}" y="{PAD}" width="{2 * half:g}" height="26" rx="4"/>'
        f'<text class="ink name" x="{x:g}" y="{PAD + 17}" text-anchor="middle">{escape(name)}</text>'
        f'<line class="life" x1="{x:g}" y1="{PAD + 26}" x2="{x:g}" y2="{bottom:g}"/>'
    )


def _event(event: Event, columns: dict[str, float], y: int, width: float) -> str:
    if not event.source:
        band = f'<rect class="weather" x="{LEFT}" y="{y - 12}" width="{width - LEFT - PAD:g}" height="24" rx="3"/>'
        return band + _label(event.says, (LEFT + width) / 2, y + 4, width)
    thread = THREADS.get(event.buyer, "all")
    begin = columns[event.source]
    if not event.target:
        dot = f'<circle cx="{begin:g}" cy="{y}" r="5"/>'
        return f'<g class="{thread}">{dot}</g>' + _label(event.label, begin, y - 9, width)
    end = columns[event.target]
    arrow = "".join(_arrow(begin, end, y))
    return f'<g class="{thread}">{arrow}</g>' + _label(event.label, (begin + end) / 2, y - 6, width)


def _arrow(begin: float, end: float, y: int) -> Iterator[str]:
    back = HEAD_SIZE if begin > end else -HEAD_SIZE
    yield f'<line x1="{begin:g}" y1="{y}" x2="{end + back:g}" y2="{y}"/>'
    yield f'<path d="M{end:g} {y}l{back} -4v8z"/>'


def _label(text: str, x: float, y: float, width: float) -> str:
    """Text with a rim in the paper's colour, moved so that it stays inside."""
    half = len(text) * LETTER / 2
    x = min(max(x, LEFT + half), max(width - PAD - half, LEFT + half))
    return f'<text class="ink label" x="{x:g}" y="{y:g}" text-anchor="middle">{escape(text)}</text>' if text else ""
