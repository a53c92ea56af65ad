"""The picture of a run: waits and answers second by second, and a mark where each fault began and ended."""

from typing import Any

from breakwater import pictures
from breakwater.load.run import Run, Second
from breakwater.pictures import Picture

# Told apart without colour vision, and without colour by their lines.
MEDIAN, HIGH, SERVED, FAILED = "#0072B2", "#D55E00", "#56B4E9", "#CC3311"


def plot(run: Run, name: str = "") -> Picture:
    """Waits by the second in which visitors meant to ask, and answers by the second in which they came.

    `name` chooses the requests of one name; by default all are shown together.
    """
    seconds = run.over_time(name)
    figure, (above, below) = pictures.axes(height_in=4.6, rows=2)
    _mark_faults(run, above, below)
    _draw_waits(above, seconds)
    _draw_answers(below, seconds)
    return pictures.picture(figure, alt(run, name))


def alt(run: Run, name: str = "") -> str:
    """The picture in one sentence."""
    waits = run.of(name)
    worst = max(run.over_time(name), key=lambda second: second.waits.p99_s, default=None)
    when = f", at worst for those who came at {worst.from_s:.0f} s ({worst.waits.p99_s:.2f} s)" if worst else ""
    faults = "; ".join(f"from {begin:.1f} to {end:.1f} s {what}" for what, begin, end in run.windows())
    weather = f" Weather: {faults}." if faults else " No fault was injected."
    doubt = f" {run.saturated}" if run.saturated else ""
    what = f"requests to {name}" if name else "requests"
    loop = "an open loop" if run.loop == "open" else "a closed loop"
    return (
        f"{run.load} for {run.seconds:g} s, {loop}: {waits.count} {what} waited "
        f"{waits.p50_s:.2f} s in the median and {waits.p99_s:.2f} s or more in one of a hundred{when}; "
        f"{waits.errors} were not served.{weather}{doubt}"
    )


def _mark_faults(run: Run, *all_axes: Any) -> None:
    for what, begin, end in run.windows():
        for axes in all_axes:
            axes.axvspan(begin, end, color=pictures.FAULT, alpha=0.25, lw=0)
            for moment in (begin, end):
                axes.axvline(moment, color=pictures.FAULT, lw=1, ls=":")
        all_axes[0].annotate(what, (begin, 1), xycoords=("data", "axes fraction"), va="bottom", fontsize=9)


def _draw_waits(axes: Any, seconds: list[Second]) -> None:
    asked = [second for second in seconds if second.waits.count]
    times = [second.from_s + 0.5 for second in asked]
    axes.plot(times, [each.waits.p99_s for each in asked], "--s", color=HIGH, ms=4, label="99 % waited at most")
    axes.plot(times, [each.waits.p50_s for each in asked], "-o", color=MEDIAN, ms=4, label="half waited at most")
    axes.set(ylabel="waited, seconds", ylim=(0, None))
    axes.legend(loc="upper right")


def _draw_answers(axes: Any, seconds: list[Second]) -> None:
    times = [second.from_s + 0.5 for second in seconds]
    axes.bar(times, [each.served for each in seconds], width=0.9, color=SERVED, label="served in this second")
    errors = [each.waits.errors for each in seconds]
    axes.plot(times, errors, ":x", color=FAILED, ms=5, label="came then and was not served")
    axes.set(xlabel="seconds into the run", ylabel="requests", ylim=(0, None))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=2)
