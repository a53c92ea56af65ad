"""Values of pandas: by their buffers where their kind is one of NumPy's, else by their items; the kind is kept.

Whatever a class derived from one of these claims, what arrives is the plain one.
"""

from collections.abc import Callable
from functools import cache
from sys import modules
from typing import Any

KIND = "$"  # the key under which a value says what it is
ARRAYS = "biufcSUmM"  # kinds of NumPy's that are plain bytes
Inner = Callable[[Any], Any]


def encode(value: Any, inner: Inner) -> dict[str, Any] | None:
    """What `values.encode` makes of a value of pandas; None of any other."""
    if (pandas := modules.get("pandas")) is None:
        return None
    if value is pandas.NA or value is pandas.NaT:
        return {KIND: "missing", "name": "NA" if value is pandas.NA else "NaT"}
    found = next((name for name in _ENCODE if isinstance(value, getattr(pandas, name))), None)
    return {KIND: found, **_ENCODE[found](value, inner)} if found else None


def _frame(frame: Any, inner: Inner) -> dict[str, Any]:
    columns = [_array(series.array, inner) for _, series in frame.items()]
    return {"index": inner(frame.index), "names": inner(frame.columns), "columns": columns}


def _series(series: Any, inner: Inner) -> dict[str, Any]:
    return {"index": inner(series.index), "name": inner(series.name), **_array(series.array, inner)}


def _index(index: Any, inner: Inner) -> dict[str, Any]:
    import pandas

    names = inner(list(index.names))
    if isinstance(index, pandas.MultiIndex):
        levels = [
            {"level": inner(level), "codes": inner(codes)}
            for level, codes in zip(index.levels, index.codes, strict=True)
        ]
        return {"names": names, "levels": levels}
    if isinstance(index, pandas.RangeIndex):
        return {"names": names, "range": [index.start, index.stop, index.step]}
    return {"names": names, "every": getattr(index, "freqstr", None), **_array(index.array, inner)}


def _timestamp(value: Any, inner: Inner) -> dict[str, Any]:
    return {"array": inner(value.to_numpy()), "zone": None if value.tz is None else str(value.tz)}


def _timedelta(value: Any, inner: Inner) -> dict[str, Any]:
    return {"array": inner(value.to_numpy())}


_ENCODE: dict[str, Callable[[Any, Inner], dict[str, Any]]] = {
    "DataFrame": _frame,
    "Series": _series,
    "Index": _index,
    "Timestamp": _timestamp,
    "Timedelta": _timedelta,
}


def _array(array: Any, inner: Inner) -> dict[str, Any]:
    import numpy
    import pandas

    is_wrapped = type(array) is pandas.arrays.NumpyExtensionArray  # around one of NumPy's own
    kind = array.dtype.numpy_dtype if is_wrapped else array.dtype
    if isinstance(kind, numpy.dtype) and kind.kind in ARRAYS:
        return {"array": inner(numpy.asarray(array))}
    if isinstance(kind, pandas.CategoricalDtype):
        return {"codes": inner(array.codes), "categories": inner(kind.categories), "ordered": bool(kind.ordered)}
    if isinstance(kind, pandas.DatetimeTZDtype):
        return {"array": inner(array.tz_convert("UTC").tz_localize(None).to_numpy()), "zone": str(kind.tz)}
    items = map(str, array) if isinstance(kind, pandas.PeriodDtype) else array
    return {"items": [inner(item) for item in items], "dtype": str(kind)}


def _as_frame(data: dict[str, Any], inner: Inner) -> Any:
    import pandas

    index = inner(data["index"])
    columns = {place: _as_array(told, inner) for place, told in enumerate(data["columns"])}
    frame = pandas.DataFrame(columns, index=index)
    frame.columns = inner(data["names"])
    return frame


def _as_series(data: dict[str, Any], inner: Inner) -> Any:
    import pandas

    return pandas.Series(_as_array(data, inner), index=inner(data["index"]), name=inner(data["name"]))


def _as_index(data: dict[str, Any], inner: Inner) -> Any:
    import pandas

    names = inner(data["names"])
    if "levels" in data:
        levels = [inner(told["level"]) for told in data["levels"]]
        return pandas.MultiIndex(levels, [inner(told["codes"]) for told in data["levels"]], names=names)
    if "range" in data:
        return pandas.RangeIndex(*data["range"], name=names[0])
    index = pandas.Index(_as_array(data, inner), name=names[0])
    if data["every"] is not None and isinstance(index, pandas.DatetimeIndex | pandas.TimedeltaIndex):
        index.freq = data["every"]
    return index


def _as_array(data: dict[str, Any], inner: Inner) -> Any:
    import pandas

    if "codes" in data:
        return pandas.Categorical.from_codes(inner(data["codes"]), inner(data["categories"]), bool(data["ordered"]))
    if "items" in data:
        return pandas.array([inner(item) for item in data["items"]], dtype=_kind(str(data["dtype"])))
    if "zone" in data:
        return pandas.DatetimeIndex(inner(data["array"])).tz_localize("UTC").tz_convert(str(data["zone"])).array
    return inner(data["array"])


@cache
def _kind(name: str) -> Any:
    """What the name of a kind of items stands for: pandas asks each of its kinds for that, and says no by an error."""
    import pandas

    return pandas.api.types.pandas_dtype(name)


def _as_timestamp(data: dict[str, Any], inner: Inner) -> Any:
    import pandas

    value = pandas.Timestamp(inner(data["array"]))
    return value if data["zone"] is None else value.tz_localize("UTC").tz_convert(str(data["zone"]))


def _as_timedelta(data: dict[str, Any], inner: Inner) -> Any:
    import pandas

    return pandas.Timedelta(inner(data["array"]))


def _as_missing(data: dict[str, Any], inner: Inner) -> Any:
    import pandas

    return {"NA": pandas.NA, "NaT": pandas.NaT}[data["name"]]


DECODE: dict[str, Callable[[dict[str, Any], Inner], Any]] = {
    "DataFrame": _as_frame,
    "Series": _as_series,
    "Index": _as_index,
    "Timestamp": _as_timestamp,
    "Timedelta": _as_timedelta,
    "missing": _as_missing,
}
