"""A retry budget: retries are paid for by purchases."""


class RetryBudget:
    """Each purchase puts `ratio` of a retry aside; no more than `most` are ever saved."""

    def __init__(self, ratio: float, most: float) -> None:
        self.ratio = ratio
        self.most = most
        self.saved = most

    def deposit(self) -> None:
        """A purchase has begun."""
        self.saved = min(self.most, self.saved + self.ratio)

    def withdraw(self) -> bool:
        """Whether one retry may be made; if so, it is paid for."""
        if self.saved < 1 - 1e-9:  # ten tenths are a little less than one
            return False
        self.saved -= 1
        return True
