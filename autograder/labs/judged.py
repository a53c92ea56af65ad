"""What the judge found about a class's labs: `class/judged/NN-topic/STUDENT.json`, hidden checks included."""

import json
from dataclasses import dataclass, field

from autograder.classroom import Classroom
from breakwater.checks.verdict import Report


@dataclass(frozen=True)
class Judged:
    """One submission's report, and the seconds that its parts took (`lab`, `notebooks`, `feedback`)."""

    report: Report
    seconds: dict[str, float] = field(default_factory=dict)


def read(room: Classroom, module: str) -> dict[str, Judged]:
    """Each student's record, in order of their ids; one that cannot be read is left out."""
    files = sorted(room.judged(module, "").parent.glob("*.json"))
    return {file.stem: found for file in files if (found := _record(file.read_text(encoding="utf-8")))}


def verdicts(records: dict[str, Judged]) -> dict[str, dict[str, str]]:
    """Student → check → verdict."""
    return {name: {each.id: each.verdict.value for each in one.report.checks} for name, one in records.items()}


def _record(text: str) -> Judged | None:
    try:
        data = json.loads(text)
        return Judged(Report.from_json(data["report"]), data.get("seconds", {}))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
