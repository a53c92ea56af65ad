"""What some learners make of a source notebook.

`right` hands in the source's own solutions, `blank` the release as it is; `partly` and `wrong` have answers of their
own, or whole notebooks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.autograder.sources import fill_in, release

LEARNERS = ("right", "partly", "wrong", "blank")


@dataclass(frozen=True)
class Parity:
    """One notebook. `answers` are the learners' own, by the names of cells."""

    source: Any
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    whole: Mapping[str, Any] = field(default_factory=dict)

    def submissions(self) -> Iterator[tuple[str, Any]]:
        """Each learner's name and notebook."""
        released = release(self.source)
        solutions = {
            cell.metadata["nbgrader"]["grade_id"]: cell.source
            for cell in self.source.cells
            if cell.metadata.get("nbgrader", {}).get("solution")
        }
        own = {"right": solutions, "blank": {}} | {name: {**solutions, **own} for name, own in self.answers.items()}
        for learner in LEARNERS:
            yield learner, self.whole[learner] if learner in self.whole else fill_in(released, own[learner])
