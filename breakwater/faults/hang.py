"""Silence."""

from dataclasses import dataclass

from breakwater.faults import Direction, LinkFault


@dataclass(frozen=True)
class Hang(LinkFault):
    """The link accepts and carries nothing either way; what was said is delivered, in order, when it heals.

    So does a stopped process, or a network whose packets are sent again until they arrive: a request that the
    caller gave up long ago may yet be carried out.
    """

    @property
    def began(self) -> str:
        return f"{self.caller} → {self.callee} hangs"

    @property
    def healed(self) -> str:
        return f"{self.caller} → {self.callee} carries again"

    def holds(self, direction: Direction) -> bool:
        return True
