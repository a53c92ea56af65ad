"""What a check says: one of three verdicts, with its reason.

The three are Jepsen's: valid, invalid, unknown. *Unknown* means that the trouble was ours (a check, a fixture,
an engine, the machine), so nothing follows about the learner's code and no score is written.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

MOST_TOLD = 1000.0
NEAR = 2.0  # times the bound: undisturbed, what is known to be right and what is known to be wrong keep this distance


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Measurement:
    """One measured quantity that a check bounded: what, value, the bound, unit, and which side is good.

    `floor` is what even a perfect shop would come to; margins are ratios of what is above it. A wait that was
    `broken_off` would have gone on: nobody knows how far beyond its bound.
    """

    what: str
    value: float
    bound: float
    unit: str
    at_most: bool = True
    floor: float = 0.0
    broken_off: bool = False

    @property
    def allowed(self) -> str:
        """The bound, as what is told ends: `(allowed: 2.5 s)`."""
        return f"({'allowed' if self.at_most else 'needed'}: {self.bound:.1f} {self.unit})"

    @property
    def holds(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    @property
    def inside_by(self) -> float:
        """By what factor the value lies inside its bound: above 1 inside, below 1 outside; at most 1000 either way."""
        value, bound = self.value - self.floor, self.bound - self.floor
        good, bad = (bound, value) if self.at_most else (value, bound)
        return min(max(good / bad, 1 / MOST_TOLD), MOST_TOLD) if bad > 0 else MOST_TOLD

    @property
    def late_by_s(self) -> float | None:
        """By how many seconds a time is on the wrong side of its bound; None of anything else."""
        if self.unit != "s":
            return None
        return self.value - self.bound if self.at_most else self.bound - self.value

    @property
    def is_near(self) -> bool:
        """Whether this is a time, outside its bound, that a disturbance could have brought there."""
        outside = not self.holds and self.late_by_s is not None
        return outside and not self.broken_off and self.inside_by > 1 / NEAR


@dataclass(frozen=True)
class CheckResult:
    """One check on one shop.

    `message` holds *what happened* (for a pass, too, where a number is worth telling), `evidence` the lines
    that prove it, `next` what to do about it. One that failed by being slow, beside others, is `doubtful`.
    """

    id: str
    verdict: Verdict
    points: float
    max_points: float
    sentence: str
    message: str
    seconds: float
    outcome: str = ""
    hidden: bool = False
    why: str = ""
    evidence: tuple[str, ...] = ()
    next: str = ""
    measurements: tuple[Measurement, ...] = ()
    doubtful: bool = False


@dataclass(frozen=True)
class Report:
    """All checks of one module on one shop. `to_json` and `from_json` are exact inverses."""

    module: str
    engine: str
    checks: tuple[CheckResult, ...] = field(default=())

    def count(self, verdict: Verdict) -> int:
        return sum(check.verdict is verdict for check in self.checks)

    @property
    def exit_status(self) -> int:
        """0 all passed; 1 any failed; else 2 any unknown."""
        if self.count(Verdict.FAILED):
            return 1
        return 2 if self.count(Verdict.UNKNOWN) else 0

    def to_json(self) -> dict[str, Any]:
        counts = {verdict.value: self.count(verdict) for verdict in Verdict}
        return {"module": self.module, "engine": self.engine, **counts, "checks": [asdict(c) for c in self.checks]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(data["module"], data["engine"], tuple(result_from(c) for c in data["checks"]))


def result_from(data: dict[str, Any]) -> CheckResult:
    """The inverse of `dataclasses.asdict` for a result that went through JSON."""
    known = {
        "verdict": Verdict(data["verdict"]),
        "evidence": tuple(data["evidence"]),
        "measurements": tuple(Measurement(**m) for m in data["measurements"]),
    }
    return CheckResult(**(data | known))
