"""What was measured of pricing in three languages, as a table and as a plot."""

from pathlib import Path
from typing import Any

NAMES = {"python": "Python", "go": "Go", "java": "Java"}
BUSY = 0.9
"""From this share of a processor on, the load generator was what the answers waited for."""

LINES = {
    "the image": "{image_mb:.0f} MB",
    "from start to ready, median of 5": "{ready_s:.2f} s",
    "memory, idle": "{idle_mb:.0f} MB",
    "memory, after the load": "{loaded_mb:.0f} MB",
    "requests a second": "{a_second:.0f}",
    "a request's wait, median": "{median_ms:.1f} ms",
    "one of a hundred waits longer than": "{p99_ms:.1f} ms",
}
BARS = {
    "image_mb": "image (MB)",
    "ready_s": "from start to ready (s)",
    "loaded_mb": "memory after the load (MB)",
    "a_second": "requests a second",
}
COLOURS = {"python": "#0072B2", "go": "#009E73", "java": "#D55E00"}  # Okabe and Ito: told apart by everybody
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "breakwater",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def table(found: dict[str, Any]) -> str:
    """What `compare` found, as a table in Markdown, and what must be known to read it."""
    rows = found["languages"]
    head = ["| |" + "".join(f" {NAMES[language]} |" for language in rows), "| --- |" + " --- |" * len(rows)]
    body = [
        f"| {what} |" + "".join(f" {form.format(**row)} |" for row in rows.values()) for what, form in LINES.items()
    ]
    return "\n".join([*head, *body, "", *notes(found)]) + "\n"


def notes(found: dict[str, Any]) -> list[str]:
    """What holds for the numbers, a sentence a line."""
    machine, bounds = found["machine"], found["bounds"]
    lines = [
        f"Each had {bounds['processors']:g} processor and {bounds['memory_mb']} MB of memory, on a machine with "
        f"{machine['processors']} processors (Docker {machine['docker']}).",
        f"It was asked over {bounds['connections']} connections for {bounds['seconds']:g} s, after a warm-up. A start "
        f"includes what Docker itself takes.",
    ]
    busy = [NAMES[language] for language, row in found["languages"].items() if row["busy"] >= BUSY]
    if busy:
        lines.append(
            f"With {' and '.join(busy)} the load generator was the bottleneck: it could have answered more, and its "
            f"waits are partly ours."
        )
    return lines


def plot(found: dict[str, Any], file: Path) -> None:
    """Draw the four figures side by side into an SVG file. Equal measurements give equal files."""
    import matplotlib
    from matplotlib.figure import Figure

    rows = found["languages"]
    languages = list(reversed(rows))  # the first on top
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 2.0), layout="constrained")
        for number, (axes, (key, title)) in enumerate(zip(figure.subplots(1, len(BARS)), BARS.items(), strict=True)):
            bars = axes.barh(
                [NAMES[language] for language in languages],
                [rows[language][key] for language in languages],
                color=[COLOURS[language] for language in languages],
            )
            axes.bar_label(bars, fmt="%.3g", padding=2)
            axes.set_title(title, fontsize=9)
            axes.set_xticks([])
            axes.margins(x=0.3)
            if number:
                axes.set_yticks([])
        figure.savefig(file, format="svg", metadata={"Date": None, "Title": _said(rows)})


def _said(rows: dict[str, Any]) -> str:
    """The plot in words."""
    parts = (
        f"{NAMES[language]}: image {row['image_mb']:.0f} MB, ready after {row['ready_s']:.2f} s, "
        f"{row['loaded_mb']:.0f} MB of memory, {row['a_second']:.0f} requests a second"
        for language, row in rows.items()
    )
    return "; ".join(parts) + "."
