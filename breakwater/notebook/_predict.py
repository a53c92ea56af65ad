"""Predictions, recorded before a run and compared after it.

Watching a demonstration teaches little; predicting it first does (Crouch et al., Am. J. Phys. 72, 2004). So a guess
is kept from the moment it is made: after the outcome was seen, the first guess stands.
"""

import math
import time
from collections.abc import Sequence
from pathlib import Path

from breakwater import predictions
from breakwater.errors import BadInput, did_you_mean
from breakwater.predictions import Calibration, Guess, Prediction


class Predictions:
    """The learner's predictions, in `work/predictions.json`."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def __call__(self, id: str, guess: Guess | None, *, unit: str = "", among: Sequence[str] = ()) -> None:
        """Keep a guess, made before the run that `id` names.

        Args:
            id: which prediction.
            guess: a number in `unit`, or one of `among`; None means that none was made yet.
            unit: unit of a number, e.g. "s".
            among: the answers to choose from.

        Raises:
            BadInput: the guess is neither a number nor one of `among`.
        """
        if guess is None:
            wanted = f"one of {', '.join(map(repr, among))}" if among else f"a number{f' ({unit})' if unit else ''}"
            print(f"No guess yet. Put {wanted} in place of None and run this cell again, before the next one.")
            return
        _validate(guess, among)
        kept = self._load()
        if id in kept and kept[id].outcome is not None:
            print(f"Your guess from before the run stands: {_told(kept[id].guess, kept[id].unit)}.")
            return
        kept[id] = Prediction(id, guess, unit, time.time())
        self._save(kept)
        print(f"Kept: {_told(guess, unit)}. Now run the next cell.")

    def compare(self, id: str, outcome: Guess) -> None:
        """Print the guess beside what happened, and keep both."""
        kept = self._load()
        if id not in kept:
            print(f"It was {_told(outcome, '')}. You made no guess; the next one is worth the ten seconds.")
            return
        prediction = kept[id]
        if prediction.outcome is None:
            prediction.outcome = outcome
            self._save(kept)
        print(_compared(prediction, outcome))

    def all(self) -> list[Prediction]:
        """Return every prediction made so far, oldest first."""
        return predictions.load(self._path())

    def calibration(self) -> Calibration:
        """How good the predictions were so far; shown as a few lines."""
        return Calibration.of(self.all())

    def _path(self) -> Path:
        return self._file or predictions.where()

    def _load(self) -> dict[str, Prediction]:
        return {prediction.id: prediction for prediction in self.all()}

    def _save(self, kept: dict[str, Prediction]) -> None:
        predictions.save(self._path(), list(kept.values()))


def _validate(guess: Guess, among: Sequence[str]) -> None:
    if among and guess not in among:
        raise BadInput(f"{guess!r} is none of {', '.join(map(repr, among))}.{did_you_mean(str(guess), among)}")
    if not among and (isinstance(guess, bool) or not isinstance(guess, int | float)):
        raise BadInput(f"a guess here is a number, and {guess!r} is a {type(guess).__name__}")
    if isinstance(guess, float) and not math.isfinite(guess):
        raise BadInput(f"a guess here is a number that one can measure, and {guess!r} is none")


def _told(value: Guess, unit: str) -> str:
    return f"“{value}”" if isinstance(value, str) else f"{value:.3g}{f' {unit}' if unit else ''}"


def _compared(prediction: Prediction, outcome: Guess) -> str:
    unit, guess = prediction.unit, prediction.guess
    line = f"You predicted {_told(guess, unit)}; it was {_told(outcome, unit)}"
    if isinstance(guess, str) or isinstance(outcome, str):
        return f"{line}: {'as you said' if guess == outcome else 'not what you expected'}."
    if guess <= 0 or outcome <= 0:
        return f"{line}."
    ratio = max(guess / outcome, outcome / guess)
    return f"{line}: {'a close guess' if ratio < 1.25 else f'a factor of {ratio:.1f} apart'}."
