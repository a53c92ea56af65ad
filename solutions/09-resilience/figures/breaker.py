"""A circuit breaker (M. Nygard, Release It!, second edition, chapter 5): a program's copy of lesson 4's exercise."""


class Resting(Exception):
    """The question was not asked: the callee is left alone for a while."""


class Breaker:
    """Asks questions, unless so many in a row went unanswered that the callee is left alone.

    *Closed*, it asks. After `trips_after` failures in a row it is *open* and asks nothing for `rests_s` seconds of
    `clock`. Then the next question is the *probe*, and while that is under way it is *half-open* and asks no other.
    """

    def __init__(self, trips_after, rests_s, clock):
        self.trips_after, self.rests_s, self.clock = trips_after, rests_s, clock
        self.state, self.failures, self.opened_at = "closed", 0, 0.0

    async def ask(self, question):
        """Return what `question()` answers. Raises Resting where it was not asked, and what the question raises."""
        is_probe = self.admit()
        try:
            answer = await question()
        except BaseException:
            self.missed(is_probe)
            raise
        self.heard(is_probe)
        return answer

    def admit(self):
        """Return whether this question is the probe. Raises Resting."""
        if self.state == "closed":
            return False
        if self.state == "open" and self.clock() - self.opened_at >= self.rests_s:
            self.state = "half-open"
            return True
        raise Resting

    def heard(self, is_probe):
        """A question was answered. What was asked before the breaker opened says nothing of now."""
        if is_probe or self.state == "closed":
            self.state, self.failures = "closed", 0

    def missed(self, is_probe):
        """A question failed."""
        if not is_probe and self.state != "closed":
            return
        self.failures += 1
        if is_probe or self.failures >= self.trips_after:
            self.state, self.opened_at = "open", self.clock()
