"""Done, and nobody hears of it."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from breakwater.errors import BadInput
from breakwater.faults import Direction, Fate, LinkFault

HOW = ("reset", "hang")


@dataclass(frozen=True)
class LoseAnswer(LinkFault):
    """The request reaches the callee and is carried out; the answer never reaches the caller.

    `how` it is lost: `reset` resets the connection in place of the answer; with `hang` the caller hears nothing more
    on this connection, which is reset when the fault heals. With `count`, so many answers are lost and the link then
    carries as before, on other connections; without it, all are lost while it lasts.

    On a connection that carries several calls at once (gRPC), everything from callee to caller is lost from the first
    byte on: with `hang`, every call on it is carried out unheard. With `reset`, that byte can belong to the protocol
    itself (a ping, the greeting of a new connection), so that the call under way may be carried out or not.
    """

    how: Literal["reset", "hang"] = "reset"
    count: int | None = None
    _lost: list[None] = field(init=False, repr=False, compare=False, default_factory=list)

    example = MappingProxyType({"how": "hang", "count": 3})

    def __post_init__(self) -> None:
        """Raises BadInput for another `how`, or a count that is no whole number above zero."""
        if self.how not in HOW:
            raise BadInput(f"An answer is lost by `reset` or `hang`, not by `{self.how}`.")
        if self.count is not None and not (type(self.count) is int and self.count > 0):
            raise BadInput(f"count is how many answers are lost, one or more, not {self.count}.")

    @property
    def began(self) -> str:
        which = "answers" if self.count is None else f"the next {self.count} answers"
        return f"{which} of {self.callee} to {self.caller} are lost"

    @property
    def healed(self) -> str:
        return f"answers of {self.callee} arrive again"

    def fate(self, direction: Direction) -> Fate:
        if direction is Direction.REQUEST or (self.count is not None and len(self._lost) >= self.count):
            return Fate.CARRIED
        self._lost.append(None)
        return Fate.CUT if self.how == "reset" else Fate.LOST
