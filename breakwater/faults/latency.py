"""Slow answers."""

from dataclasses import dataclass
from types import MappingProxyType

from breakwater.faults import Direction, LinkFault, hold_seconds


@dataclass(frozen=True)
class Latency(LinkFault):
    """Every answer on the link comes `latency_s` later, whole and in order, as from a busy callee.

    When it heals, what it still keeps back comes at once.
    """

    latency_s: float = 1.0

    verb = "slow"
    example = MappingProxyType({"latency_s": 2.0})

    def __post_init__(self) -> None:
        """Raises BadInput unless the latency is a number of seconds, zero or more."""
        hold_seconds(latency_s=self.latency_s)

    @property
    def began(self) -> str:
        return f"answers of {self.callee} come {self.latency_s:.1f} s late"

    @property
    def healed(self) -> str:
        return f"{self.callee} is quick again"

    def late_s(self, direction: Direction) -> float:
        return self.latency_s if direction is Direction.ANSWER else 0.0
