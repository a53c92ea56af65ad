"""The ledger's judgement in a notebook: as text, and the first breach as a sequence diagram."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from breakwater.ledger import Breach, diagram
from breakwater.pictures import Picture


@dataclass(frozen=True)
class Books:
    """How the books stand after `told` purchases and `captures` captures."""

    breaches: Sequence[Breach]
    told: int
    captures: int

    def picture(self) -> Picture | None:
        """The first breach of which the steps are known, drawn; None if there is none."""
        first = next((breach for breach in self.breaches if breach.events), None)
        if first is None:
            return None
        return Picture(diagram.svg(first.events, first.what), f"{first.what}: {first.interleaving}")

    def __repr__(self) -> str:
        if not self.breaches:
            return f"The books balance: {self.told} purchases, {self.captures} captures, no breach."
        told = [f"✗ {breach.sentence}\n  {breach.what}\n  {breach.facts}" for breach in self.breaches]
        seen = dict.fromkeys(breach.interleaving for breach in self.breaches)
        return "\n\n".join([*told, *(f"  {events}".replace(" · ", "\n  ") for events in seen)])

    def _repr_html_(self) -> str:
        picture = self.picture()
        text = f"<pre>{html.escape(repr(self))}</pre>"
        return text + picture._repr_html_() if picture else text
