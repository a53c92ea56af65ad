"""Answers that are slow by chance."""

from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType

from breakwater.errors import BadInput
from breakwater.faults import Direction, LinkFault, hold_seconds


@dataclass(frozen=True)
class Jitter(LinkFault):
    """Each answer on the link comes later by a time of its own, drawn evenly between `least_s` and `most_s`.

    With a `late_share` below 1, that share of the answers is late, drawn by chance, and the others are not: a long
    tail, as from a callee that stands still now and then. The same `seed` draws the same times, in the order in which
    answers begin. On a connection that carries several calls at once (gRPC), what is said until the caller speaks
    again counts as one answer, and none overtakes another. When it heals, what it still keeps back comes at once.
    """

    least_s: float = 0.0
    most_s: float = 1.0
    seed: int = 0
    late_share: float = 1.0
    _random: Random = field(init=False, repr=False, compare=False, default_factory=Random)

    example = MappingProxyType({"least_s": 0.1, "most_s": 2.0})

    def __post_init__(self) -> None:
        """Raises BadInput unless both are numbers of seconds, `least_s` the smaller one, and the share is 0 to 1."""
        hold_seconds(least_s=self.least_s, most_s=self.most_s)
        if self.least_s > self.most_s:
            raise BadInput(f"least_s ({self.least_s}) is more than most_s ({self.most_s}).")
        if not 0 <= self.late_share <= 1:
            raise BadInput(f"late_share is a share between 0 and 1, not {self.late_share}.")
        self._random.seed(self.seed)

    @property
    def began(self) -> str:
        some = "answers" if self.late_share == 1 else f"{self.late_share * 100:g} of a hundred answers"
        return f"{some} of {self.callee} come {self.least_s:.1f} to {self.most_s:.1f} s late"

    @property
    def healed(self) -> str:
        return f"{self.callee} is quick again"

    def late_s(self, direction: Direction) -> float:
        if direction is not Direction.ANSWER:
            return 0.0
        if self.late_share < 1 and self._random.random() >= self.late_share:
            return 0.0
        return self._random.uniform(self.least_s, self.most_s)
