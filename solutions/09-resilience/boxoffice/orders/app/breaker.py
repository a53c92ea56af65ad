"""A circuit breaker (M. Nygard, Release It!, second edition, chapter 5)."""

import time
from collections.abc import Callable


class Breaker:
    """Says whether a call is worth making, from how the calls before it went.

    *Closed*, it admits every call. After `opens_after` failures in a row it is *open*, and admits none but one in each
    `trial_every_s` seconds. While that one is under way it is *half-open*: its success closes the breaker, its failure
    leaves it open. A trial of which nothing is ever heard costs its turn, and no more. `now` is a clock in seconds.
    """

    def __init__(self, *, opens_after: int, trial_every_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._opens_after, self._trial_every_s, self._now = opens_after, trial_every_s, now
        self._failures = 0
        self._next_trial_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._opens_after

    @property
    def would_admit(self) -> bool:
        """Whether a call would be admitted now."""
        return not self.is_open or self._now() >= self._next_trial_at

    def admit(self) -> bool:
        """Whether the call that is about to be made may be. Tell `succeeded` or `failed` how it went."""
        admitted = self.would_admit
        if admitted and self.is_open:
            self._wait_for_the_next_trial()
        return admitted

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures == self._opens_after:
            self._wait_for_the_next_trial()

    def _wait_for_the_next_trial(self) -> None:
        self._next_trial_at = self._now() + self._trial_every_s
