"""Nobody listens."""

from dataclasses import dataclass

from breakwater.faults import LinkFault


@dataclass(frozen=True)
class Refuse(LinkFault):
    """Nobody listens: connections that are open are reset, and new ones are refused at once.

    So it is when a service is not there. The link's port is closed and kept, so that the caller's own kernel answers
    "connection refused" before it can send a byte. (To accept and reset at once would be another fault: the caller
    would believe itself connected, and might have sent its request.)
    """

    cuts_open = True
    refuses = True

    @property
    def began(self) -> str:
        return f"{self.callee} refuses {self.caller}"

    @property
    def healed(self) -> str:
        return f"{self.callee} listens to {self.caller} again"
