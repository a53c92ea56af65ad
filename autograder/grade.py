"""`course grade`: judge every submission of a module, enter the scores, write the feedback.

One submission after the other, since most checks measure time: the lab in a job of the sandbox, then its notebooks,
each in a jail of its own. Labs whose card says that no check measures time are judged several at once. What is
finished is recorded with the digest of what can change it, so that a grader which was killed goes on where it was, and
grading again changes nothing without a reason.
"""

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from autograder import digest, release, sandbox, signing
from autograder.classroom import LAB, Classroom, write_whole
from autograder.collect import BROKEN
from autograder.labs import judge as lab_judge
from autograder.labs import public
from autograder.pages import feedback
from breakwater import lab, paths
from breakwater.checks.runner import suitable_workers
from breakwater.checks.verdict import Report, Verdict
from breakwater.errors import BadInput, CourseError, EngineTrouble

Turns = Generator[tuple[str, Callable[[], None]], None, None]
Judge = Callable[[str, Path, str, Sequence[str]], lab_judge.Judged]
REGISTERED = "registered.json"


@dataclass(frozen=True)
class Graded:
    """One submission's result. `seconds` tells the parts apart; `checks` are as the learner may see them.

    `trouble` is set where a submission could not be graded to its end, and its scores are those of before.
    """

    student: str
    score: float
    max_score: float
    checks: list[dict[str, Any]]
    notebooks: dict[str, dict[str, Any]]
    reason: str
    seconds: dict[str, float] = field(default_factory=dict)
    resumed: bool = False
    trouble: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the judge could not tell: an unknown check, or trouble."""
        return bool(self.trouble) or any(row["verdict"] == Verdict.UNKNOWN for row in self.checks)


def grade(
    module: str,
    students: list[str],
    room: Classroom,
    *,
    select: Sequence[str] = (),
    force: bool = False,
    judge: Judge = lab_judge.judge,
) -> Iterator[Graded]:
    """Grade the collected submissions of `students`, yielding each as it is finished.

    What is known and has not changed is not judged again, unless by `force`. `select` names the checks that are meant;
    the others stay as they are.

    Raises:
        NoSandbox: this machine cannot confine a submission.
        BadInput: the module was not released, or its release does not fit the class's gradebook.
    """
    sandbox.require()
    from autograder import pipeline

    register(module, room)
    judge_one = partial(_judge, module, room=room, judge=judge, select=select, force=force)
    turns = _one_by_one if lab.load(module).measures_time else _several_at_once
    with pipeline.grader(module, room) as autograde, closing(turns(judge_one, students)) as judged:
        for student, is_judged in judged:
            try:
                is_judged()
                yield _one(module, student, room, autograde)
            except (BadInput, sandbox.NoSandbox):
                raise
            except CourseError as error:
                yield _read(module, student, room, trouble=str(error))


def _one_by_one(judge_one: Callable[[str], None], students: Iterable[str]) -> Turns:
    """Each student, with the call that has the submission judged."""
    for student in students:
        yield student, partial(judge_one, student)


def _several_at_once(judge_one: Callable[[str], None], students: Iterable[str]) -> Turns:
    """Each student whose submission is judged, with the call that raises what kept it from that, if anything did."""
    pool = ThreadPoolExecutor(suitable_workers("embedded"))
    try:
        judged = {pool.submit(judge_one, student): student for student in students}
        for each in as_completed(judged):
            yield judged[each], each.result
    finally:
        pool.shutdown(cancel_futures=True)


def register(module: str, room: Classroom) -> None:
    """Enter the module, as it is released now, in the class's gradebook, unless it is there."""
    from autograder import pipeline

    made_from = digest.combined(digest.checks(module), signing.public_key(room))
    known = _read_json(room.root / "judged" / REGISTERED)
    if known.get(module) == made_from and room.gradebook.exists():
        return
    import tempfile

    paths.state().mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="register-", dir=paths.state()) as folder:
        release.stage(module, Path(folder, "source", module), key=signing.public_key(room))
        pipeline.generate(module, Path(folder, "source"), Path(folder, "release"), register=True)
    write_whole(room.root / "judged" / REGISTERED, json.dumps(known | {module: made_from}, indent=1))


def _judge(module: str, student: str, room: Classroom, judge: Judge, select: Sequence[str], force: bool) -> None:
    """Judge a student's shop and record what was found, unless it is recorded and nothing has changed."""
    folder = room.submitted(module, student)
    made_from = digest.combined(digest.submission(folder), digest.checks(module), digest.environment(room.seed()))
    record = _read_json(room.judged(module, student))
    before = Report.from_json(record["report"]) if record.get("made_from") == made_from else None
    if before and not force:
        unknown = [check.id for check in before.checks if check.verdict is Verdict.UNKNOWN and check.max_points]
        select = [check for check in unknown if check in select or not select]
        if not select:
            return
    found = judge(module, folder / "shop", room.seed(), select)
    report, reason = found.report, found.reason
    if select:
        stopped = reason != lab_judge.reason(report)  # no check said that, but what kept all of them from being tried
        report = lab_judge.completed(report, before)
        reason = reason if stopped else lab_judge.reason(report)
    record = {"made_from": made_from, "reason": reason, "seconds": {"lab": found.seconds}}
    record |= {"report": report.to_json(), "done": False}
    write_whole(room.judged(module, student), json.dumps(record, indent=1))


def _one(module: str, student: str, room: Classroom, autograde: Callable[[str], None]) -> Graded:
    """Sign what the judge found about a student's shop, grade the notebooks, write the feedback."""
    from autograder import pipeline

    folder = room.submitted(module, student)
    about = signing.Seal(student, module, digest.submission(folder))
    record = _read_json(room.judged(module, student))
    said = public.view(Report.from_json(record["report"]), notes := _notes(module, folder))
    _seal(room, about, said | {"notes": notes})
    if record["done"] and pipeline.scores(room, module, student) and room.feedback(module, student).exists():
        return _read(module, student, room, resumed=True)
    began = time.monotonic()
    try:
        autograde(student)
    except EngineTrouble:  # on a busy machine, say: once more
        autograde(student)
    graded = time.monotonic()
    feedback.write(room, module, student, said | {"notes": notes})
    seconds = {"notebooks": round(graded - began, 2), "feedback": round(time.monotonic() - graded, 2)}
    record |= {"done": True, "seconds": record["seconds"] | seconds}
    write_whole(room.judged(module, student), json.dumps(record, indent=1))
    return _read(module, student, room)


def _seal(room: Classroom, about: signing.Seal, said: dict[str, Any]) -> None:
    """Sign what is said, unless the same is signed already."""
    try:
        if signing.unseal(room, about) == said | about.__dict__:
            return
    except signing.NotOurs:
        pass
    signing.seal(room, about, said)


def _notes(module: str, folder: Path) -> list[str]:
    """A line about each notebook of the module that was not handed in, or is none."""
    notes = []
    for notebook in sorted((paths.MODULES / module).glob("*.ipynb")):
        if notebook.stem == LAB or (folder / notebook.name).exists():
            continue
        broken = (folder / notebook.name).with_suffix(BROKEN).exists()
        notes.append(f"{notebook.name}: {'it is no notebook' if broken else 'it was not handed in'}, 0 points")
    return notes


def _read(module: str, student: str, room: Classroom, *, resumed: bool = False, trouble: str = "") -> Graded:
    """The result of a submission from what the class holds."""
    from autograder import pipeline

    record = _read_json(room.judged(module, student))
    scores = pipeline.scores(room, module, student)
    report = Report.from_json(record["report"]) if "report" in record else Report(module, "embedded")
    notes = _notes(module, room.submitted(module, student))
    said = public.view(report, notes)
    return Graded(
        student=student,
        score=sum(row.score for row in scores),
        max_score=sum(row.max_score for row in scores),
        checks=said["checks"],
        notebooks={row.notebook: {k: v for k, v in asdict(row).items() if k != "notebook"} for row in scores},
        reason=trouble or "; ".join([record.get("reason", ""), *notes]),
        seconds=record.get("seconds", {}),
        resumed=resumed,
        trouble=trouble,
    )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
