"""What an attack is."""

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Tamper = Callable[[Path, Any], None]
"""Given the folder that a submission lies in, and its notebook: hand in something else than that."""


@dataclass(frozen=True)
class Without:
    """A defence that is taken out of a copy of the grader: a text in one of its files, and what then stands there."""

    file: str
    defence: str
    instead: str = ""


@dataclass(frozen=True)
class Attack:
    """A submission of somebody who has not solved the question `aims`, and wants its points, or more than points.

    `code` stands in the place of the answer, `first` and `last` are cells before and after all others, `tamper` hands
    in what no notebook editor would. What it gets it shows as `GOT …`, unless `siege.got` sees that in other ways. An
    attack that is not `fair` costs its owner other questions, too. `student` is who hands it in, if not `name`.

    `hopes` says what it is after. `proof` is where it gets that: from `nbgrader` in its stock configuration, in a `job`
    whose limits it breaks, or from this grader without one defence.
    """

    name: str
    kind: str
    hopes: str
    code: str = ""
    aims: str = "mean"
    first: str = ""
    last: str = ""
    tamper: Tamper | None = None
    fair: bool = True
    student: str = ""
    proof: str | Without = "nbgrader"

    @property
    def owner(self) -> str:
        return self.student or self.name

    @property
    def shown(self) -> str:
        """How a report names the owner."""
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in self.owner)

    def digest(self) -> str:
        """Of what it does, for which a proof holds."""
        does = {name: value for name, value in asdict(self).items() if name not in ("kind", "hopes", "fair")}
        does["tamper"] = inspect.getsource(self.tamper) if self.tamper else ""
        return hashlib.sha256(json.dumps(does, sort_keys=True).encode()).hexdigest()[:16]
