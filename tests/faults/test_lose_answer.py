"""The fault `lose-answer`."""

import pytest

from breakwater.errors import BadInput
from breakwater.faults import Direction, Fate
from breakwater.faults.lose_answer import LoseAnswer


def test_requests_are_carried_and_answers_are_not() -> None:
    for how, fate in (("reset", Fate.CUT), ("hang", Fate.LOST)):
        fault = LoseAnswer("orders", "payments", how)
        assert [fault.fate(Direction.REQUEST) for _ in range(3)] == [Fate.CARRIED] * 3
        assert [fault.fate(Direction.ANSWER) for _ in range(3)] == [fate] * 3


def test_a_count_of_answers_is_lost_and_the_rest_carried() -> None:
    fault = LoseAnswer("orders", "payments", count=2)
    assert [fault.fate(Direction.ANSWER) for _ in range(4)] == [Fate.CUT] * 2 + [Fate.CARRIED] * 2


@pytest.mark.parametrize("values", [{"how": "quietly"}, {"count": 0}, {"count": -1}, {"count": 1.5}, {"count": True}])
def test_mistakes_are_one_line(values: dict) -> None:
    with pytest.raises(BadInput, match="lost"):
        LoseAnswer("a", "b", **values)
