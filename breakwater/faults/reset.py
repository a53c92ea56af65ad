"""Connections that break."""

from dataclasses import dataclass

from breakwater.faults import Direction, Fate, LinkFault


@dataclass(frozen=True)
class Reset(LinkFault):
    """Connections on the link are reset: those open now, and each new one as soon as a request arrives on it.

    The caller meets "connection reset by peer". The requests that reset new connections never reach the callee; what
    was under way when it began may have been carried out or not, and the caller cannot know.
    """

    cuts_open = True

    @property
    def began(self) -> str:
        return f"{self.caller} → {self.callee} resets connections"

    @property
    def healed(self) -> str:
        return f"{self.caller} → {self.callee} carries again"

    def fate(self, direction: Direction) -> Fate:
        return Fate.CUT if direction is Direction.REQUEST else Fate.CARRIED
