"""The page that a learner gets about a submission: for each check what happened, why, the evidence, what next.

It is one file without scripts, and readable offline. Everything on it is public (see `public`), and escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from autograder.pipeline import Score

MARKS = {"passed": "✓", "failed": "✗", "unknown": "?"}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430 }
h2 { font-size: 1.05rem; margin: 0; display: flex; gap: .6rem }
h2 .points { margin-left: auto; font-weight: normal; white-space: nowrap }
section { border-left: .3rem solid #8a93a0; padding: .2rem 0 .2rem 1rem; margin: 1.4rem 0 }
.passed { border-color: #2f7d4f } .failed { border-color: #b3392f } .unknown { border-color: #9a6b00 }
dt { float: left; clear: left; width: 8.5rem; color: #5a6472 } dd { margin: 0 0 .3rem 8.5rem }
code, pre { font: 14px/1.45 ui-monospace, monospace; white-space: pre-wrap } pre { margin: 0 }
table { border-collapse: collapse } td, th { padding: .2rem 1.2rem .2rem 0; text-align: left; font-weight: normal }
@media (prefers-color-scheme: dark) { body { background: #14181d; color: #dfe5ec } dt { color: #9aa5b3 } }
"""


def page(title: str, student: str, said: dict[str, Any], scores: Sequence[Score]) -> str:
    """The page, as HTML. `said` is the public view of the report, `scores` what the gradebook holds."""
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(student)} · {_total(scores)}</p>",
        *(_check(row) for row in _public_first(said["checks"])),
        _notes(said),
        "<h2>Notebooks</h2>",
        _notebooks(scores),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}: {escape(student)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _total(scores: Sequence[Score]) -> str:
    got, most = sum(s.score for s in scores), sum(s.max_score for s in scores)
    waiting = "; part of it waits for a person" if any(s.open for s in scores) else ""
    return f"{got:g} of {most:g} points{waiting}"


def _public_first(checks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(checks, key=lambda row: row["hidden"])


def _check(row: dict[str, Any]) -> str:
    title = f"Hidden check {row['id']}" if row["hidden"] else row["sentence"].splitlines()[0]
    worth = f"{row['points']:g} of {row['max_points']:g} points" if row["max_points"] else ""
    points = f'<span class="points">{worth}</span>'
    said = [("What happened", escape(row["message"])), ("Why", escape(row["why"]))]
    said.append(("Evidence", f"<pre>{escape(chr(10).join(row['evidence']))}</pre>" if row["evidence"] else ""))
    said.append(("Next", f"<code>{escape(row['next'])}</code>" if row["next"] else ""))
    if row["hidden"]:
        said.append(("Outcome", escape(row["outcome"])))
    rows = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in said if text)
    heading = f"<h2><span>{MARKS[row['verdict']]}</span><span>{escape(title)}</span>{points}</h2>"
    return f'<section class="{row["verdict"]}">{heading}<dl>{rows}</dl></section>'


def _notes(said: dict[str, Any]) -> str:
    return "".join(f"<p>{escape(note)}</p>" for note in said.get("notes", ()))


def _notebooks(scores: Sequence[Score]) -> str:
    rows = (
        f'<tr><td><a href="{escape(s.notebook)}.html">{escape(s.notebook)}</a></td>'
        f"<td>{s.score:g} of {s.max_score:g}</td><td>{'waits for a person' if s.open else ''}</td></tr>"
        for s in scores
    )
    return f"<table>{''.join(rows)}</table>"
