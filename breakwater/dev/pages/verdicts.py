"""How far the checks can be trusted, from each module's record: totals, and no hidden check by name."""

import json
from collections.abc import Mapping
from typing import Any

from breakwater import paths, syllabus
from breakwater.dev.content import ModuleContent
from breakwater.dev.pages import NOTE, table
from breakwater.dev.sources import read_checks

PATH = "reference/verdicts.md"
STARTS = "starts"
Record = Mapping[str, Any]

INTRO = f"""\
# Verdicts on the checks

{NOTE.format(source="solutions/*/record.json")}

A grade is worth what its checks are worth. So each check is tried on shops whose verdict is known: the naive shop,
which must fail; the reference and other right designs, which must pass; and wrong answers, each of which must lose
what it was written to lose. A verdict that broke such a promise is *wrong*. One that the machine was in the way of is
*unknown*, and is never a zero.

After *n* verdicts without a wrong one, the rate of wrong ones is below 3/*n* with 95 % confidence (the rule of three:
Hanley and Lippman-Hand, JAMA 249, 1983).
"""


def text() -> str:
    """The whole page."""
    parts = [INTRO.strip()]
    for module in syllabus.load().built:
        content = ModuleContent(module.id, paths.ROOT)
        record = json.loads(content.record.read_text(encoding="utf-8")) if content.record.is_file() else {}
        if "verdicts" in record:  # else it holds first runs, and waits for its first whole one
            parts += _section(content, record)
    return "\n\n".join(parts) + "\n"


def _section(module: ModuleContent, record: Record) -> list[str]:
    checks = {STARTS: "The shop starts."} | _public(module)
    hidden = {name: row for name, row in record["verdicts"].items() if name not in checks}
    rows = [_row(f"`{name}`", sentence, record["verdicts"].get(name, {})) for name, sentence in checks.items()]
    if hidden:
        rows.append(
            _row(f"{len(hidden)} hidden", "What the guide asks for, at places that nobody can know.", _sum(hidden))
        )
    rows.append(_row("**all**", "", _sum(record["verdicts"])))
    head = ("check", "what it asks", "verdicts", "wrong", "unknown")
    return [f"## {module.id}", _summary(record), table(head, rows)]


def _public(module: ModuleContent) -> dict[str, str]:
    return {check.id: check.sentence for check in read_checks(module, hidden=False) if check.id}


def _summary(record: Record) -> str:
    total = _sum(record["verdicts"])
    shops = [name.partition("/")[0] for name in record["kill_matrix"]]
    blind = [run for run in record["first_runs"].values() if run["blind"]]
    caught = sum(run["caught"] for run in blind)
    bound = f", so fewer than one in {total['given'] // 3} is wrong (95 %)" if not total["wrong"] else ""
    runs = "one run" if record["runs"] == 1 else f"{record['runs']} runs"
    return (
        f"Tried on the naive shop, the reference, {shops.count('other')} other right designs and "
        f"{shops.count('wrong')} wrong answers, in {runs}: {total['wrong']} wrong of {total['given']} verdicts{bound}. "
        f"Of the wrong answers {len(blind)} were written without sight of the checks, and {caught} of these lost at "
        "their first run."
    )


def _row(name: str, sentence: str, row: Record) -> tuple[str, ...]:
    return (
        name,
        sentence.splitlines()[0] if sentence else "",
        *(str(row.get(key, 0)) for key in ("given", "wrong", "unknown")),
    )


def _sum(rows: Mapping[str, Record]) -> dict[str, int]:
    return {key: sum(row[key] for row in rows.values()) for key in ("given", "wrong", "unknown")}
