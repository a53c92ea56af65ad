"""What a learner predicted before a run, beside what happened: where it is kept, and how good it was.

Lessons ask for numbers and for choices, never for probabilities, so no Brier score can be had. Numbers are judged as
models of a quantity that spans decades are judged:

* the share within a factor of two of what happened (FAC2: Chang and Hanna, Air quality model performance evaluation,
  Meteorol. Atmos. Phys. 87, 2004: the measure that a single wild guess moves least);
* the median of the accuracy ratio guess / outcome, on a logarithmic scale: without its sign how far apart one is, with
  it whether too high or too low (Morley, Brito and Welling, Measures of model performance based on the log accuracy
  ratio, Space Weather 16, 2018).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, inf, log
from pathlib import Path
from statistics import median
from typing import Any, Self

from breakwater import _notes, paths

Guess = float | str

FACTOR = 2.0
UNBIASED = 1.1  # a middle guess within a tenth of what happened leans to no side


@dataclass
class Prediction:
    """One guess: `outcome` is None until the run; times are UNIX seconds."""

    id: str
    guess: Guess
    unit: str
    at: float
    outcome: Guess | None = None


@dataclass(frozen=True)
class Calibration:
    """How good the guesses were. `apart` and `leaning` are ratios, None where no pair of numbers has one.

    `numbers` and `choices` count what was compared with its outcome; `within` and `right` those that were good;
    `made` counts all. `apart` is the median of the larger over the smaller, `leaning` that of guess over outcome.
    """

    made: int
    numbers: int
    within: int
    choices: int
    right: int
    apart: float | None
    leaning: float | None

    @classmethod
    def of(cls, predictions: Sequence[Prediction]) -> Self:
        """Judge these predictions."""
        seen = [(each.guess, each.outcome) for each in predictions if each.outcome is not None]
        numbers = [(g, o) for g, o in seen if not isinstance(g, str) and not isinstance(o, str)]
        choices = [(g, o) for g, o in seen if isinstance(g, str) or isinstance(o, str)]
        logs = [log(g) - log(o) for g, o in numbers if 0 < g < inf and 0 < o < inf]
        return cls(
            made=len(predictions),
            numbers=len(numbers),
            within=sum(_is_close(g, o) for g, o in numbers),
            choices=len(choices),
            right=sum(g == o for g, o in choices),
            apart=exp(median(abs(each) for each in logs)) if logs else None,
            leaning=exp(median(logs)) if logs else None,
        )

    def to_json(self) -> dict[str, Any]:
        ratios = {name: value and round(value, 3) for name, value in (("apart", self.apart), ("leaning", self.leaning))}
        return asdict(self) | ratios

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """It for reading."""
        if not self.made:
            return ["No prediction yet: the lessons ask for one before each run."]
        seen = self.numbers + self.choices
        lines = [f"Predictions: {self.made} made, {seen} compared with what happened."]
        if self.numbers:
            lines.append(f"  Numbers  {self.within} of {self.numbers} within a factor of two{self._ratios()}")
        if self.choices:
            lines.append(f"  Choices  {self.right} of {self.choices} as you said")
        return lines

    def _ratios(self) -> str:
        if self.apart is None or self.leaning is None:
            return ""
        side = "too high" if self.leaning > UNBIASED else "too low" if self.leaning < 1 / UNBIASED else "to no side"
        return f"; in the median a factor of {self.apart:.1f} apart, {side}"


def where() -> Path:
    """The file that holds a learner's predictions."""
    return paths.work() / "predictions.json"


def load(file: Path) -> list[Prediction]:
    """The predictions in a file, the oldest first; those that can be understood."""
    data = _notes.read(file)
    rows = (_row(each) for each in data) if isinstance(data, list) else ()
    return sorted((row for row in rows if row), key=lambda row: row.at)


def save(file: Path, predictions: Sequence[Prediction]) -> None:
    """Put these in the place of what the file holds; what cannot be understood there is moved beside first."""
    _notes.write(file, [asdict(each) for each in predictions], _is_whole)


def is_sound(file: Path) -> bool:
    """Whether all that the file holds is understood."""
    return _notes.is_sound(file, _is_whole)


def _is_whole(data: Any) -> bool:
    return isinstance(data, list) and all(_row(each) for each in data)


def _row(data: Any) -> Prediction | None:
    """A prediction as it was kept; None where this is none."""
    if not isinstance(data, Mapping):
        return None
    try:
        row = Prediction(**data)
    except TypeError:
        return None
    texts = isinstance(row.id, str) and isinstance(row.unit, str)
    values = _is_guess(row.guess) and (row.outcome is None or _is_guess(row.outcome))
    return row if texts and values and _is_number(row.at) else None


def _is_guess(value: object) -> bool:
    return isinstance(value, str) or _is_number(value)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _is_close(guess: float, outcome: float) -> bool:
    """Whether they are within a factor of two; with nothing on one side, only if there is nothing on the other."""
    if guess <= 0 or outcome <= 0:
        return guess == outcome
    return max(guess, outcome) <= FACTOR * min(guess, outcome)
