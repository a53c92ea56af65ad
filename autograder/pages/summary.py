"""What a class's results come to: how often each question was answered, and in which ways it was missed.

Figures only; `report` shows them. All of it is for the instructor: it tells of hidden checks, too.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import mean, median

from autograder.classroom import LAB
from autograder.gradebook.results import Question, Results
from autograder.labs.judged import Judged
from breakwater.checks.verdict import Verdict
from breakwater.dev.mask import mask

BINS = 10
MOST = 5  # ways of missing one question; the rarer ones are summed up
LONGEST = 200  # characters of a message
SLOWEST = 10

Failures = Mapping[str, Mapping[Question, str]]  # student → question → what was said of it


@dataclass(frozen=True)
class Rate:
    """How one question was answered: how many fully, partly, not at all, and how many wait for a person."""

    question: Question
    full: int
    partly: int
    none: int
    open: int

    @property
    def of(self) -> int:
        return self.full + self.partly + self.none + self.open

    @property
    def share(self) -> float:
        """The share that answered it fully."""
        return self.full / self.of if self.of else 0.0


@dataclass(frozen=True)
class Missed:
    """The ways in which one question was missed, commonest first, with how many did; `rarer` sums up the rest."""

    question: Question
    ways: tuple[tuple[str, int], ...]
    rarer: int


@dataclass(frozen=True)
class Waiting:
    """A question for which a person has to look at the work of `students`."""

    question: Question
    students: tuple[str, ...]


def rates(results: Results) -> list[Rate]:
    """How each question that has points was answered, in the order of the questions."""
    counts: dict[Question, Counter[str]] = defaultdict(Counter)
    for submission in results.submissions:
        for question, mark in submission.marks.items():
            counts[question][_kind(question, mark.score)] += 1
    asked = (question for question in results.questions if question.max_score)
    return [Rate(each, *(counts[each][kind] for kind in ("full", "partly", "none", "open"))) for each in asked]


def _kind(question: Question, score: float | None) -> str:
    if score is None:
        return "open"
    if score >= question.max_score:
        return "full"
    return "partly" if score > 0 else "none"


def histogram(results: Results) -> list[int]:
    """How many scored 0 to below 10 % of all points, 10 to below 20 %, …, 90 % or more."""
    found = [0] * BINS
    for submission in results.submissions:
        share = submission.score / results.max_score if results.max_score else 0.0
        found[min(BINS - 1, int(share * BINS))] += 1
    return found


def middle(results: Results) -> tuple[float, float]:
    """The mean and the median score; zeros of an empty class."""
    scores = [submission.score for submission in results.submissions]
    return (mean(scores), median(scores)) if scores else (0.0, 0.0)


def failures_of(records: Mapping[str, Judged]) -> Failures:
    """What each failed check said of each student's shop."""
    return {
        student: {
            Question(LAB, check.id, check.max_points): check.message
            for check in judged.report.checks
            if check.verdict is Verdict.FAILED and check.max_points
        }
        for student, judged in records.items()
    }


def missed(failures: Iterable[Mapping[Question, str]]) -> list[Missed]:
    """The ways in which each question was missed: messages that differ in their numbers only are one way."""
    counts: dict[Question, Counter[str]] = defaultdict(Counter)
    for told in failures:
        for question, message in told.items():
            counts[question][mask(message)[:LONGEST]] += 1
    found = []
    for question, ways in counts.items():
        common = ways.most_common(MOST)
        found.append(Missed(question, tuple(common), ways.total() - sum(count for _, count in common)))
    return sorted(found, key=lambda each: -sum(count for _, count in each.ways))


def waiting(results: Results) -> list[Waiting]:
    """The questions for which a person has to look at somebody's work, in their order."""
    found: dict[Question, list[str]] = defaultdict(list)
    for submission in results.submissions:
        for question, mark in submission.marks.items():
            if mark.open:
                found[question].append(submission.student.id)
    return [Waiting(each, tuple(found[each])) for each in results.questions if each in found]


def slowest_submissions(records: Mapping[str, Judged]) -> list[tuple[str, float]]:
    """Whose submissions took longest to grade, in seconds."""
    took = [(student, sum(judged.seconds.values())) for student, judged in records.items()]
    return sorted(took, key=lambda row: (-row[1], row[0]))[:SLOWEST]


def check_seconds(records: Mapping[str, Judged]) -> list[tuple[str, float, float]]:
    """For each check, slowest first, the median and the longest time that it took, in seconds."""
    took: dict[str, list[float]] = defaultdict(list)
    for judged in records.values():
        for check in judged.report.checks:
            took[check.id].append(check.seconds)
    rows = [(name, median(seconds), max(seconds)) for name, seconds in took.items()]
    return sorted(rows, key=lambda row: -row[1])
