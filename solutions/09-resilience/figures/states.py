"""Turn the picture of the breaker's states into a line of Markdown that a lesson can include: states.svg → states.md.

A notebook travels alone, so the picture is in the line itself; its title is the alternative text.
"""

import base64
import re
from pathlib import Path

PICTURE = Path(__file__).with_suffix(".svg")


def main() -> None:
    svg = PICTURE.read_text()
    title = re.search("<title>(.*)</title>", svg)
    assert title, "a picture needs a title"
    data = base64.b64encode(svg.encode()).decode()
    PICTURE.with_suffix(".md").write_text(f"![{title[1]}](data:image/svg+xml;base64,{data})\n")


if __name__ == "__main__":
    main()
