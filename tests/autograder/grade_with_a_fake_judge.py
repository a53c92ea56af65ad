"""Grade the collected submissions with verdicts that are given, not judged.

Arguments: the folder of submissions; `STUDENT=VERDICT,VERDICT …`; `--only=CHECK`, `--force`; after `--then`, the same
for grading once more. Printed are, of each time, a row a submission, and `asked`: by which checks the judge was to
judge whom, in order. With `--meet`, nobody is judged before another one is, too; it raises where none comes.
"""

import json
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from autograder.classroom import Classroom
from autograder.collect import collect
from autograder.grade import grade
from autograder.labs import judge as lab_judge
from autograder.labs import labbook
from breakwater.checks.verdict import CheckResult, Report, Verdict

MODULE = "42-sample"
TIMES = [words.split("\n") for words in "\n".join(sys.argv[2:]).split("\n--then\n")]
options: dict[str, str] = {}
both = threading.Barrier(2, timeout=20)
asked: list[tuple[str, list[str]]] = []


def judge(module: str, shop: Path, seed: str, select: Sequence[str]) -> lab_judge.Judged:
    student = shop.parent.parent.name
    asked.append((student, list(select)))
    if "--meet" in options:
        both.wait()
    given = options.get(student, "passed,passed").split(",")
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
    report = Report(module, "embedded", tuple(check for check in checks if check.id in select or not select))
    return lab_judge.Judged(report, lab_judge.reason(report), 0.1)


room = Classroom.here()
room.prepare()
students, _ = collect(MODULE, Path(sys.argv[1]), room)
told = []
for words in TIMES:
    options = dict(argument.partition("=")[::2] for argument in words)
    only = [options["--only"]] if "--only" in options else []
    asked = []
    graded = list(grade(MODULE, students, room, judge=judge, select=only, force="--force" in options))
    told.append({"rows": [one.__dict__ for one in graded], "asked": asked})
print(json.dumps(told))
