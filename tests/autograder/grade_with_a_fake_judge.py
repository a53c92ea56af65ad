"""Grade the collected submissions with verdicts that are given, not judged: `STUDENT=VERDICT,VERDICT …` arguments."""

import json
import sys
from pathlib import Path

from autograder.classroom import Classroom
from autograder.collect import collect
from autograder.grade import grade
from autograder.labs import judge as lab_judge
from autograder.labs import labbook
from breakwater.checks.verdict import CheckResult, Report, Verdict

MODULE = "42-sample"
VERDICTS = dict(argument.split("=") for argument in sys.argv[2:])


def judge(module: str, shop: Path, seed: str) -> lab_judge.Judged:
    given = VERDICTS.get(shop.parent.parent.name, "passed,passed").split(",")
    checks = tuple(
        CheckResult(
            id=str(check.id),
            verdict=Verdict(verdict),
            points=check.points or 0 if verdict == "passed" else 0,
            max_points=check.points or 0,
            sentence=check.sentence,
            message=f"the buyer waited 5.2 s{' with SECRET-INPUT' if check.hidden else ''}",
            seconds=1.0,
            hidden=check.hidden,
            why="orders waited 5.0 s for <payments>",
        )
        for check, verdict in zip(labbook.checks_of(module), given, strict=True)
    )
    report = Report(module, "embedded", checks)
    return lab_judge.Judged(report, lab_judge.reason(report), 0.1)


room = Classroom.here()
room.prepare()
students, _ = collect(MODULE, Path(sys.argv[1]), room)
print(json.dumps([one.__dict__ for one in grade(MODULE, students, room, judge=judge)]))
