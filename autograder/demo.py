"""The last act of `course demo`: three submissions, graded as a class's are, in a class that goes with the demo.

Real submissions go through every check. Here each is judged by a few, so that it takes half a minute; the others are
left *unknown*, which the gradebook keeps without a score.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder import collect, sandbox
from autograder.classroom import Classroom
from autograder.labs import judge as lab_judge
from breakwater.checks.runner import lay_over
from breakwater.checks.verdict import Report
from breakwater.demo import MODULE, Marked, NotHere
from breakwater.dev.content import Content, ModuleContent
from breakwater.dev.patches import Patch, read_patches
from breakwater.dev.variants import apply

AT_ONCE = 2


def grade(checks: Sequence[str], folder: Path) -> Iterator[Marked]:
    """Grade three submissions by these checks, in a class below `folder`; yield each as it is finished.

    Raises:
        NotHere: this machine cannot confine a submission.
    """
    from autograder.grade import grade as grade_all

    if reason := sandbox.why_not():
        raise NotHere(f"this machine has no sandbox ({reason}). See: course doctor")
    os.environ["BREAKWATER_CLASS"] = str(folder / "class")
    room = Classroom.here()
    handed_in = dict(_hand_in(Content().find(MODULE), checks, folder / "handed-in"))
    with room.alone():
        students, _ = collect.collect(MODULE, folder / "handed-in", room)
        room.seed()  # made before two ask for it at once
        with ThreadPoolExecutor(AT_ONCE) as pool:
            reports = dict(
                zip(students, pool.map(lambda student: _judge(student, checks, room), students), strict=True)
            )

        def known(module: str, shop: Path, seed: str, select: Sequence[str]) -> lab_judge.Judged:
            report = reports[shop.parents[1].name]
            return lab_judge.Judged(report, lab_judge.reason(report), 0.0)

        for one in grade_all(MODULE, students, room, judge=known):
            yield _marked(one.student, handed_in[one.student], one.score, reports[one.student], checks)


def _hand_in(module: ModuleContent, checks: Sequence[str], into: Path) -> Iterator[tuple[str, str]]:
    """Lay three submissions below `into`; yield who handed in what."""
    answers: dict[str, tuple[Path | None, Patch | None, str]] = {
        "ada": (module.reference, None, "hardened"),
        "bob": (None, None, "as it was given out"),
    }
    if wrong := half_right(read_patches(module, "wrong"), checks):
        answers["cleo"] = (module.reference, wrong, f"hardened, believing: “{wrong.header['Misconception']}”")
    for student, (files, patch, what) in answers.items():
        shop = lay_over(files, into / student / module.id / "shop")
        if patch:
            apply(patch, shop)
        yield student, what


def half_right(patches: Sequence[Patch], checks: Sequence[str]) -> Patch | None:
    """A wrong answer that loses some of these checks and is sure of the others; else one that loses any; else None."""
    losing = [patch for patch in patches if set(patch.loses) & set(checks)]
    half = (p for p in losing if set(checks) - set(p.loses) and not set(checks) & set(p.may_lose))
    return next(half, losing[0] if losing else None)


def _judge(student: str, checks: Sequence[str], room: Classroom) -> Report:
    """Judge one submission by these checks, in a job of the sandbox; every other check is unknown."""
    judged = lab_judge.judge(MODULE, room.submitted(MODULE, student) / "shop", room.seed(), select=checks)
    return lab_judge.completed(judged.report)


def _marked(student: str, what: str, score: float, report: Report, checks: Sequence[str]) -> Marked:
    results = tuple(each for each in report.checks if each.id in checks)
    return Marked(student, what, score, sum(each.max_points for each in results), results)
