"""Every fault is known by its name, tells its units and what it does, and survives the way to the supervisor."""

import re
from dataclasses import fields

import pytest

from breakwater.errors import BadInput
from breakwater.faults import Fault, find, known
from breakwater.faults.hang import Hang
from breakwater.faults.latency import Latency


def test_each_file_registers_its_fault() -> None:
    assert {"hang": Hang, "latency": Latency}.items() <= known().items()


def test_each_fault_says_what_it_does_and_has_units_in_its_fields() -> None:
    for kind in known().values():
        assert kind.__doc__
        assert not kind.__doc__.startswith(kind.__name__ + "("), "dataclass wrote that, not a person"
        for field in fields(kind):
            assert field.name in ("caller", "callee") or re.search(r"_(s|bytes|per_s|share)$", field.name)


@pytest.mark.parametrize("fault", [Hang("a", "b"), Latency("a", "b", 2.5)])
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
