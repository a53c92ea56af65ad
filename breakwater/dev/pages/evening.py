"""The picture of the landing page, from a recorded run: one evening in two shops, and their books afterwards.

Drawn here, not by matplotlib, so that it takes its colours from the page, light or dark, and is read on a phone.
"""

import html
from collections.abc import Iterator
from statistics import median
from typing import Any

from breakwater.dev.pages import NOTE, _recordings

PATH = "fragments/evening.html"
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 420, 268, 34, 22, 40
LAST_S, MOST_S = 12.0, 11.0
SOLD = 201

Rows = list[tuple[float, float, int | None]]


def text() -> str:
    """A figure: a plot and the ledger's word for each shop. Empty until there is a recording."""
    recording = _recordings.read(_recordings.EVENING)
    note = NOTE.format(source="site/recorded/evening.json")
    panels = [_panel(name, shop, recording["during"]) for name, shop in recording.get("shops", {}).items()]
    return "\n".join([note, '<div class="bw-evening">', *panels, "</div>"]) + "\n"


def _panel(name: str, shop: dict[str, Any], during: list[float]) -> str:
    said = _sentence(shop, during)
    return "\n".join(
        [
            "<figure>",
            f'<svg class="bw-plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(said)}">',
            *_frame(name, during),
            *(_cross(x, y) for x, y, _ in shop["pages"]),
            *(_dot(*row) for row in shop["buyers"]),
            "</svg>",
            f"<figcaption>{html.escape(said)}</figcaption>",
            f'<pre class="bw-result" tabindex="0">{html.escape(_books(shop))}</pre>',
            "</figure>",
        ]
    )


def _frame(name: str, during: list[float]) -> Iterator[str]:
    begin, end = (_x(moment) for moment in during)
    bottom = HEIGHT - BOTTOM
    yield f'<text class="bw-name" x="{LEFT}" y="13">The shop {html.escape(name)}</text>'
    yield f'<rect class="bw-weather" x="{begin:g}" y="{TOP}" width="{end - begin:g}" height="{bottom - TOP}"/>'
    for seconds in range(0, int(MOST_S) + 1, 2):
        y = _y(seconds)
        yield f'<path class="bw-grid" d="M{LEFT} {y:g}H{WIDTH}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:g}" text-anchor="end">{seconds}</text>'
    for seconds in range(0, int(LAST_S) + 1, 2):
        yield f'<text x="{_x(seconds):g}" y="{bottom + 15}" text-anchor="middle">{seconds}</text>'
    yield f'<text x="{_x(sum(during) / 2):g}" y="{TOP + 14}" text-anchor="middle">payments answer 6 s late</text>'
    yield f'<text x="{LEFT}" y="{HEIGHT - 6}">waited, in seconds, by the second of asking</text>'


def _dot(asked_s: float, waited_s: float, status: int | None) -> str:
    kind = "bw-sold" if status == SOLD else "bw-told"
    return f'<circle class="{kind}" cx="{_x(asked_s):g}" cy="{_y(waited_s):g}" r="3.2"/>'


def _cross(asked_s: float, waited_s: float) -> str:
    x, y = _x(asked_s), _y(waited_s)
    return f'<path class="bw-page" d="M{x - 2.5:g} {y - 2.5:g}l5 5m0 -5l-5 5"/>'


def _x(seconds: float) -> float:
    return round(LEFT + (WIDTH - 8 - LEFT) * seconds / LAST_S, 1)


def _y(seconds: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(seconds, MOST_S) / MOST_S, 1)


def _sentence(shop: dict[str, Any], during: list[float]) -> str:
    buyers, pages = _while(shop["buyers"], during), _while(shop["pages"], during)
    told = [row[2] for row in shop["buyers"]]
    counts = ", ".join(f"{told.count(status)} × {status or 'nothing'}" for status in sorted(set(told), key=str))
    return (
        f"While payments are late, a buyer waits {median(buyers):.2f} s in the median and {max(buyers):.2f} s at "
        f"worst; the page of free seats takes up to {max(pages):.2f} s. The {len(told)} buyers are told {counts}."
    )


def _while(rows: Rows, during: list[float]) -> list[float]:
    begin, end = during
    return [waited for asked, waited, _ in rows if begin <= asked <= end]


def _books(shop: dict[str, Any]) -> str:
    """What a buyer was told whose payment's answer was lost, and what the ledger says of it, without the steps."""
    ledger = "\n\n".join(part for part in shop["ledger"].split("\n\n") if not part.startswith("  "))
    return f"One answer of the card provider is lost.\nThe buyer is told: {shop['told']}\n\n{ledger}"
