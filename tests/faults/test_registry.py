"""Every fault is known by its name, tells its units and what it does, and survives the way to the supervisor."""

import re

import pytest

from breakwater.errors import BadInput
from breakwater.faults import Fault, LinkFault, ServiceFault, find, known
from breakwater.faults.hang import Hang
from breakwater.faults.jitter import Jitter
from breakwater.faults.kill import Kill
from breakwater.faults.latency import Latency
from breakwater.faults.lose_answer import LoseAnswer
from breakwater.faults.pause import Pause
from breakwater.faults.refuse import Refuse
from breakwater.faults.reset import Reset

ALL = [
    Hang("a", "b"),
    Jitter("a", "b", 0.5, 2.5, 7),
    Kill("a"),
    Latency("a", "b", 2.5),
    LoseAnswer("a", "b", "hang", 3),
    Pause("a"),
    Refuse("a", "b"),
    Reset("a", "b"),
]
WITHOUT_UNITS = {"caller", "callee", "service", "seed", "count", "how"}


def test_each_file_registers_its_fault() -> None:
    assert known() == {fault.kind: type(fault) for fault in ALL}


@pytest.mark.parametrize("kind", known().values())
def test_each_fault_says_what_it_does_and_has_units_in_its_fields(kind: type[Fault]) -> None:
    assert issubclass(kind, LinkFault | ServiceFault)
    assert kind.__doc__
    assert not kind.__doc__.startswith(kind.__name__ + "("), "dataclass wrote that, not a person"
    for field in kind.told():
        assert field.name in WITHOUT_UNITS or re.search(r"_(s|bytes|per_s|share)$", field.name)


@pytest.mark.parametrize("fault", ALL)
def test_each_fault_says_when_it_began_and_when_it_healed(fault: Fault) -> None:
    where = fault.callee if isinstance(fault, LinkFault) else fault.service
    assert where in fault.began
    assert fault.healed != fault.began


@pytest.mark.parametrize("fault", ALL)
def test_a_fault_survives_json(fault: Fault) -> None:
    assert Fault.from_json(fault.to_json()) == fault


def test_an_unknown_fault_is_met_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"no fault `latncy`. Did you mean `latency`"):
        find("latncy")


def test_an_unknown_or_missing_field_is_named() -> None:
    with pytest.raises(BadInput, match="`hang` has no field `latency_s`"):
        Fault.from_json({"fault": "hang", "caller": "a", "callee": "b", "latency_s": 1})
    with pytest.raises(BadInput, match="`hang` needs `callee`"):
        Fault.from_json({"fault": "hang", "caller": "a"})
