"""What crosses between a learner's process and the judge's: plain data as it is, everything else by reference."""

import contextlib
import json
from collections import Counter, OrderedDict, deque, namedtuple
from collections.abc import Iterator
from datetime import UTC
from types import MappingProxyType
from typing import Any

import numpy
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.inside.interpreter.crossing.values import CannotCross, decode, encode

Point = namedtuple("Point", "x y")

ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.timedeltas()
    | st.sampled_from([range(3, 9, 2), -(1 << 4000), UTC, bytearray(b"x"), Point(1, "a")])
)
KEYS = st.none() | st.integers() | st.text() | st.tuples(st.integers(), st.text())
PLAIN = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.lists(inner, max_size=4).map(lambda items: deque(items, maxlen=7))
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4).map(OrderedDict)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
        | st.lists(KEYS, max_size=4).map(Counter)
    ),
    max_leaves=12,
)


def refuse(thing: object) -> Any:
    raise AssertionError(f"{thing!r} is to cross as it is")


def crossed(value: object) -> Any:
    return decode(json.loads(json.dumps(encode(value, refuse))), refuse)


def alike(one: Any, other: Any) -> bool:
    """Whether they are equal, and of the same kinds, down to the last."""
    if type(one).__name__ != type(other).__name__ or one != other:
        return False
    if isinstance(one, dict):
        return all(map(alike, one.values(), other.values()))
    return not isinstance(one, list | tuple | deque) or all(map(alike, one, other))


@given(PLAIN)
def test_plain_data_arrives_as_it_is(value: object) -> None:
    assert alike(crossed(value), value)


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float32", "float64", "complex128", "bool", "U3", "S2", "M8[s]"])
def test_arrays_arrive_with_their_shape_and_type(dtype: str) -> None:
    array = numpy.arange(6).astype("i8").astype(dtype).reshape(2, 3)
    for value in (array, array[:, ::2], array[0, 1], numpy.empty((0, 3), dtype)):
        arrived = crossed(value)
        assert type(arrived) is type(value)
        assert (arrived.dtype, arrived.shape) == (value.dtype, value.shape)
        assert numpy.all(arrived == value)


class Anything(int):
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1

    def __index__(self) -> int:
        return 42


class Text(str):
    def __str__(self) -> str:
        return "forged"


class Items(list[int]):
    def __iter__(self) -> Iterator[int]:
        return iter([42])


@pytest.mark.parametrize(
    ("value", "is_really"),
    [(Anything(7), 7), (Text("true"), "true"), (Items([1]), [1]), (numpy.float64(2), numpy.float64(2))],
)
def test_what_derives_from_a_builtin_crosses_as_what_it_is_to_the_builtin(value: object, is_really: object) -> None:
    arrived = crossed(value)
    assert type(arrived) is type(is_really)
    assert arrived == is_really


def test_a_number_that_is_too_long_for_decimal_digits_crosses() -> None:
    assert crossed([10**6000]) == [10**6000]


def test_a_view_of_a_dict_arrives_as_one() -> None:
    """A right answer may be one: `d.keys() == {"a"}` holds in Python, so it has to hold here."""
    of = {"a": 1, "b": [2]}
    assert crossed(of.keys()) == {"b", "a"}
    assert list(crossed(of.values())) == [1, [2]]
    assert list(crossed(of.items())) == [("a", 1), ("b", [2])]
    assert crossed({"a": 1}.items()) == {("a", 1)}
    assert crossed(MappingProxyType(of)) == of


def frames() -> Iterator[Any]:
    """A value of each kind that pandas has."""
    yield pandas.Series([1, 2], index=["a", "b"], name="n")
    yield pandas.Series([1.5, None])
    yield pandas.Series(["x", None], dtype="str")
    yield pandas.Series([1, None], dtype="Int64")
    yield pandas.Series([True, None], dtype="boolean")
    yield pandas.Series(["x", "y", "x"], dtype=pandas.CategoricalDtype(["y", "x"], ordered=True))
    yield pandas.Series([[1], {"a": 2}, None], dtype=object)
    yield pandas.Series([], dtype="float32")
    yield pandas.Series(pandas.date_range("2026-01-31", periods=3, freq="ME", name="when"))
    yield pandas.Series(pandas.to_datetime(["2026-01-31", None]))
    yield pandas.Series(pandas.date_range("2026-03-29", periods=3, freq="h", tz="Europe/Berlin"))
    yield pandas.Series(pandas.period_range("2026-01", periods=2, freq="M"))
    yield pandas.Series(pandas.to_timedelta(["1s", None]))
    yield pandas.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0.5, None]}, index=[10, 20])
    yield pandas.DataFrame([[1, 2], [3, 4]], columns=["same", "same"])
    yield pandas.DataFrame(index=range(3))
    yield pandas.DataFrame(columns=["a", "b"])
    yield pandas.DataFrame({"n": [1, 2, 3], "of": list("aab")}).groupby("of").agg(["sum", "mean"])
    yield pandas.DataFrame({"n": [1.0]}, index=pandas.MultiIndex.from_tuples([("a", 1)], names=["x", None]))
    yield pandas.DataFrame({"n": [1, 2]}, index=pandas.date_range("2026-01-01", periods=2, freq="D"))
    yield pandas.Index([1, 2], name="i")
    yield pandas.RangeIndex(2, 8, 3, name="r")


@pytest.mark.parametrize("value", list(frames()), ids=lambda value: type(value).__name__)
def test_a_value_of_pandas_arrives_as_it_is(value: Any) -> None:
    arrived = crossed(value)
    if isinstance(value, pandas.DataFrame):
        pandas.testing.assert_frame_equal(arrived, value, check_freq=True)
        assert arrived.equals(value)
    elif isinstance(value, pandas.Series):
        pandas.testing.assert_series_equal(arrived, value)
    else:
        pandas.testing.assert_index_equal(arrived, value, exact=True)


@pytest.mark.parametrize(
    "value",
    [
        pandas.Timestamp("2026-01-31 12:00:00.123456789"),
        pandas.Timestamp("2026-03-29", tz="Asia/Tokyo"),
        pandas.Timedelta("1s 5ns"),
        pandas.NaT,
        pandas.NA,
    ],
)
def test_a_scalar_of_pandas_arrives_as_it_is(value: Any) -> None:
    arrived = crossed([value])[0]
    assert (type(arrived), str(arrived)) == (type(value), str(value))


def test_a_frame_that_claims_equality_arrives_as_a_plain_one() -> None:
    class Equal(pandas.DataFrame):
        def equals(self, other: object) -> bool:
            return True

        def __eq__(self, other: object) -> Any:
            return pandas.DataFrame({"a": [True]})

    arrived = crossed(Equal({"a": [1]}))
    assert type(arrived) is pandas.DataFrame
    assert not arrived.equals(pandas.DataFrame({"a": [2]}))


def test_what_holds_itself_does_not_cross() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(CannotCross, match="nested"):
        encode(endless, refuse)


JUNK = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.sampled_from(["array", "named", "Decimal", "set", "O", "<f8"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$", "items", "pairs", "text", "dtype", "shape", "base64", "name", "fields"]), inner
        )
    ),
    max_leaves=8,
)


@given(JUNK)
def test_whatever_comes_is_data_or_is_refused(data: object) -> None:
    def referred(data: object) -> Any:
        raise CannotCross("no object")

    with contextlib.suppress(CannotCross, RecursionError):
        decode(data, referred)
