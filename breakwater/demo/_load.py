"""The act with visitors: the same crowd and the same weather for each shop, and one picture of how long they waited."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from breakwater.buyer import Buyer
from breakwater.checks.scratch import open_engine, scratch
from breakwater.engines import Engine
from breakwater.load import Run, opened, weather

RATE, SECONDS = 10.0, 9.0
FROM_S, HANGS_S = 2.0, 4.0
FAULT = f"hang:orders:payments@{FROM_S:g}-{FROM_S + HANGS_S:g}"
LOOKS = {"naive": ("#D55E00", "--s"), "reference": ("#0072B2", "-o")}  # told apart without colour vision, and without


def loaded(shop: Path) -> Run:
    """Start the shop, let visitors come while payments hangs, and stop it again."""
    with scratch() as folder:
        engine = open_engine("embedded", shop, folder, lease=True)
        try:
            engine.up()
            return asyncio.run(_drive(engine))
        finally:
            engine.down()


async def _drive(engine: Engine) -> Run:
    async with Buyer(engine.endpoint("gateway")) as buyer:
        return await opened.drive(engine, buyer, rate=RATE, seconds=SECONDS, faults=[weather.parse(FAULT)])


def draw(runs: Mapping[str, Run], file: Path) -> None:
    """Draw who waited how long, by the second in which they came, as the kind of file that its name says.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib

    from breakwater import pictures

    figure, axes = pictures.axes(height_in=3.2)
    for name, run in runs.items():
        colour, marks = LOOKS[name]
        seconds = [each for each in run.over_time() if each.waits.count]
        times, longest = [each.from_s + 0.5 for each in seconds], [each.waits.max_s for each in seconds]
        axes.plot(times, longest, marks, color=colour, ms=4, label=f"the {name} shop")
    _, begin, end = next(iter(next(iter(runs.values())).windows()))
    axes.axvspan(begin, end, color=pictures.FAULT, alpha=0.25, lw=0)
    axes.annotate("payments hangs", (begin, 1), xycoords=("data", "axes fraction"), va="bottom", fontsize=9)
    axes.set(xlabel="came at second", ylabel="waited at most, seconds", ylim=(0, None))
    axes.legend(loc="upper right")
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f".{os.getpid()}-{file.name}")
    try:
        with matplotlib.rc_context(pictures._STYLE):
            figure.savefig(half, dpi=150)
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)
