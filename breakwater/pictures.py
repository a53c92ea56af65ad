"""A plot that can be read by eye, by a screen reader, and in a terminal."""

import base64
import html
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Stable files: text stays text, ids do not depend on the run, no date. The size is that of a notebook's column.
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "breakwater",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
# Told apart also without colour vision (Okabe and Ito) and, by their markers, without colour.
BUYER, PAGE, VISIT, FAULT, INK = "#0072B2", "#D55E00", "#009E73", "#999999", "#222222"


@dataclass(frozen=True)
class Picture:
    """An SVG and the sentence that says what it shows."""

    svg: str
    alt: str

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.svg.encode()).decode()
        alt = html.escape(self.alt, quote=True)
        return (
            f'<figure style="margin:0;background:#fff;color:#222;max-width:760px">'
            f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}" style="width:100%">'
            f'<figcaption style="padding:0 1em 0.7em">{alt}</figcaption></figure>'
        )


def axes(width_in: float = 8.0, height_in: float = 3.4, rows: int = 1) -> tuple["Figure", Any]:
    """Return a figure and its axes in the house style, detached from pyplot's global state.

    With more `rows` than one: axes below each other, which share their x.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        return figure, figure.subplots(rows, sharex=True)


def picture(figure: "Figure", alt: str) -> Picture:
    """Render a figure as a `Picture`."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return Picture(buffer.getvalue(), alt)
