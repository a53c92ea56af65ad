"""What a run of the full half leaves behind: solutions/NN-topic/record.json and goldens.json.

record.json holds the digests of what was proved; the kill matrix (answer × check); for each check the verdicts
given, wrong and unknown; the margins; and the first run of each wrong answer, which is written once and kept.
Counts, margins, matrix and goldens are added up while the digest stays the same, and begun anew when it changes.
A run that had findings is counted, but leaves `clean` false and the goldens as they were.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from breakwater.checks.verdict import CheckResult, Report, Verdict
from breakwater.dev.content import ModuleContent
from breakwater.dev.digest import cells_digest, lab_digest
from breakwater.dev.judge import Goldens, expected, golden_of
from breakwater.dev.margins import Margin, margins
from breakwater.dev.proof import Proof
from breakwater.dev.rules_generated import read_json
from breakwater.dev.variants import Variant
from breakwater.errors import BadInput

Record = dict[str, Any]
Runs = list[tuple[Variant, Report]]
Distance = tuple[float | None, str]


def read_record(module: ModuleContent) -> Record:
    return read_json(module.record)


def read_goldens(module: ModuleContent) -> Goldens:
    return read_json(module.goldens)


def is_current(module: ModuleContent) -> bool:
    """Whether the record is clean and of the content as it is, so that its full half need not run again."""
    record = read_record(module)
    mine = (record.get("digest"), record.get("cells"), record.get("clean"))
    return mine == (lab_digest(module), cells_digest(module), True)


def write_record(proof: Proof, load: str = "", *, is_counted: bool = False) -> Record:
    """Add a run to the module's record and goldens, and return the record. `load`: how busy the machine was kept.

    With `is_counted` the record has counted these reports, and learns what came of the notebooks.

    Raises:
        BadInput: something changed while it ran, so that nobody can say what was proved. First runs are kept.
    """
    module, runs, old, digest = proof.module, proof.reports, read_record(proof.module), proof.digest
    if digest != lab_digest(module):
        remember_first_runs(proof)
        raise BadInput(f"{module.id} changed while its checks ran")
    same = old.get("digest") == digest
    kept = old if same else {}
    new = [] if same and is_counted else runs
    record: Record = {
        "module": module.id,
        "digest": digest,
        "cells": cells_digest(module),
        "clean": not proof.findings,
        "runs": kept.get("runs", 0) + bool(new),
        "loads": _counted(kept.get("loads", {}), load),
        "kill_matrix": _matrix(kept.get("kill_matrix", {}), runs),
        "verdicts": _verdicts(kept.get("verdicts", {}), new),
        "margins": [asdict(margin) for margin in _worse(kept.get("margins", []), margins(runs))],
        "first_runs": first_runs(old.get("first_runs", {}), runs),
    }
    _write(module.record, record)
    if record["clean"]:
        _write(module.goldens, _goldens(read_goldens(module) if same else {}, runs))
    return record


def _counted(loads: dict[str, int], load: str) -> dict[str, int]:
    return {**loads, load: loads.get(load, 0) + 1} if load else loads


def remember_first_runs(proof: Proof) -> None:
    """Write down first runs, and nothing else: what an answer lost when it first met the checks is never told twice."""
    module = proof.module
    record = read_record(module)
    found = first_runs(record.get("first_runs", {}), proof.reports)
    if found != record.get("first_runs", {}):
        _write(module.record, {**record, "first_runs": found})


def summary(record: Record) -> str:
    """What a record comes to, in one line: verdicts and their bound, margins, first-run catches."""
    rows = record["verdicts"].values()
    given, wrong, unknown = (sum(row[key] for row in rows) for key in ("given", "wrong", "unknown"))
    # After N verdicts without a wrong one, the rate of wrong ones is below 3/N with 95 % confidence.
    bound = f" (below {3 / given:.1%})" if given and not wrong else ""
    ratios = [m[side] for m in record["margins"] for side in ("inside", "outside") if m[side] is not None]
    margin = f"; thinnest margin {min(ratios):.2g}×" if ratios else ""
    blind = [run for run in record["first_runs"].values() if run["blind"]]
    caught = sum(run["caught"] for run in blind)
    runs = f"{record['runs']} run{'' if record['runs'] == 1 else 's'}"
    firsts = f"{caught} of {len(blind)} blind wrong answers caught at first run"
    return f"{wrong} wrong of {given} verdicts{bound}, {unknown} unknown, in {runs}{margin}; {firsts}"


def first_runs(old: Record, runs: Runs) -> Record:
    """For each wrong answer: what it named, what it lost when it first ran, and whether that was right."""
    found = dict(old)
    for variant, report in runs:
        if variant.kind == "wrong" and variant.patch and variant.name not in found:
            lost = [check.id for check in report.checks if check.verdict is Verdict.FAILED]
            found[variant.name] = {
                "blind": variant.patch.blind,
                "loses": list(variant.patch.loses),
                "may_lose": list(variant.patch.may_lose),
                "lost": lost,
                "caught": bool(lost),
                "as_named": set(variant.patch.loses) <= set(lost),
            }
    return found


def _matrix(old: Record, runs: Runs) -> Record:
    """Answer × check: the verdicts seen, joined by `|` where runs differ."""
    found = {name: dict(row) for name, row in old.items()}
    for variant, check in _checks(runs):
        row = found.setdefault(variant.name, {})
        seen = set(row.get(check.id, "").split("|")) - {""} | {check.verdict.value}
        row[check.id] = "|".join(sorted(seen))
    return found


def _verdicts(old: Record, runs: Runs) -> Record:
    """For each check: verdicts given, those that broke a promise, and those that were unknown."""
    found = {name: dict(row) for name, row in old.items()}
    for variant, check in _checks(runs):
        row = found.setdefault(check.id, {"given": 0, "wrong": 0, "unknown": 0})
        unknown = check.verdict is Verdict.UNKNOWN
        row["given"] += not unknown
        row["unknown"] += unknown
        row["wrong"] += not unknown and check.verdict not in expected(variant, check)
    return found


def _worse(old: list[Record], new: list[Margin]) -> list[Margin]:
    """For each measurement the smaller of the old and the new distance, on both sides."""
    before = {(row["check"], row["what"]): row for row in old}
    return [_smaller(Margin(**before.get((m.check, m.what), asdict(m))), m) for m in new]


def _smaller(one: Margin, two: Margin) -> Margin:
    inside = _less((one.inside, one.inside_by), (two.inside, two.inside_by))
    outside = _less((one.outside, one.outside_by), (two.outside, two.outside_by))
    return Margin(two.check, two.what, two.bound, two.unit, *inside, *outside)


def _less(one: Distance, two: Distance) -> Distance:
    if one[0] is None or two[0] is None:
        return two if one[0] is None else one
    return one if one[0] <= two[0] else two


def _goldens(old: Goldens, runs: Runs) -> Goldens:
    found = {name: {check: list(seen) for check, seen in row.items()} for name, row in old.items()}
    for variant, check in _checks(runs):
        seen = found.setdefault(variant.name, {}).setdefault(check.id, [])
        if check.verdict is not Verdict.UNKNOWN and golden_of(check) not in seen:
            seen.append(golden_of(check))
    return found


def _checks(runs: Runs) -> Iterable[tuple[Variant, CheckResult]]:
    return ((variant, check) for variant, report in runs for check in report.checks)


def _write(path: Path, data: object) -> None:
    text = json.dumps(data, indent=2, ensure_ascii=False, sort_keys=False)
    path.write_text(text + "\n", encoding="utf-8")
