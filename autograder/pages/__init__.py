"""The two pages that grading writes, in one style: a learner's feedback and an instructor's report.

A page is one file that asks for nothing: no script, no font, no picture from elsewhere, and its policy forbids them.
Whatever it shows may come from a stranger's program. So everything is escaped, and loses first what would act on a
reader's eye rather than say something: control characters, and those that turn the direction of writing.
"""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

HERE = Path(__file__).parent
LONGEST = 4_000  # characters of one text
MARKS = {"passed": "✓", "failed": "✗", "unknown": "?", "partly": "◐", "waiting": "…"}
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def render(template: str, **values: Any) -> str:
    """The page that the template makes of these values."""
    style = (HERE / "style.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    page = _environment().get_template(f"{template}.html.j2")
    return page.render(style=Markup(style), style_digest=digest, marks=MARKS, **values)


def plain(value: Any) -> Any:
    """Text without what acts on the eye, and not longer than anybody reads; anything else as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = _UNSEEN.sub("\ufffd", _ANSI.sub("", value.replace("\r\n", "\n")))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = lambda number: f"{round(number, 2):g}"
    environment.filters["prose"] = _prose
    return environment


def _prose(text: str) -> Markup:
    """A line of our own CommonMark, as HTML; what is HTML in it is shown as text."""
    return Markup(MarkdownIt("commonmark", {"html": False}).renderInline(text))
