"""Slow answers."""

import math
from dataclasses import dataclass

from breakwater.errors import BadInput
from breakwater.faults import Direction, Fault


@dataclass(frozen=True)
class Latency(Fault):
    """Every answer on the link comes `latency_s` later, whole and in order, as from a busy callee."""

    latency_s: float = 1.0

    def __post_init__(self) -> None:
        """Raises BadInput unless the latency is a number of seconds, zero or more."""
        is_number = isinstance(self.latency_s, (int, float)) and math.isfinite(self.latency_s)
        if not (is_number and self.latency_s >= 0):
            raise BadInput(f"latency_s is a number of seconds, zero or more, not {self.latency_s}.")

    def late_s(self, direction: Direction) -> float:
        return self.latency_s if direction is Direction.ANSWER else 0.0
