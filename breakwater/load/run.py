"""One load run as data: every request, percentiles over time, errors by kind, the faults, and who was too slow."""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from breakwater.ledger.interleaving import FaultWindow

if TYPE_CHECKING:
    from breakwater.pictures import Picture

BIN_S = 1.0


@dataclass(frozen=True)
class Sample:
    """One request. Seconds count from the run's begin; `error` says of what kind it was, and is empty if served.

    `intended_s` is when its visitor meant to ask, `started_s` when the generator came to it.
    """

    name: str
    intended_s: float
    started_s: float
    ended_s: float
    error: str = ""

    @property
    def wait_s(self) -> float:
        """How long the visitor waited."""
        return self.ended_s - self.intended_s


@dataclass(frozen=True)
class Waits:
    """What some requests waited, in seconds; all zero where there were none."""

    count: int
    errors: int
    p50_s: float
    p90_s: float
    p99_s: float
    max_s: float

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "Waits":
        found = list(samples)
        waits = sorted(sample.wait_s for sample in found)
        p50, p90, p99, longest = (round(percentile(waits, share), 4) for share in (0.5, 0.9, 0.99, 1.0))
        return cls(len(found), sum(bool(sample.error) for sample in found), p50, p90, p99, longest)


@dataclass(frozen=True)
class Second:
    """Those who meant to ask within one second of the run, from `from_s` on; `served` counts answers given in it."""

    from_s: float
    waits: Waits
    served: int


@dataclass(frozen=True)
class Run:
    """A load run of one `loop`: `load` says how much (`40 arrivals a second`), `seconds` for how long.

    `began_at` is in UNIX seconds. `saturated` says in one line that, and how, the generator itself was the bottleneck:
    then its waits say nothing of the shop. It is empty where the generator kept up.
    """

    loop: Literal["open", "closed"]
    load: str
    seconds: float
    began_at: float
    samples: tuple[Sample, ...]
    faults: tuple[FaultWindow, ...] = ()
    saturated: str = ""

    @property
    def names(self) -> list[str]:
        """What was asked for, in the order in which it was first asked for."""
        return list(dict.fromkeys(sample.name for sample in self.samples))

    @property
    def errors(self) -> dict[str, int]:
        """How many requests were not served, by kind, the most frequent first."""
        return dict(Counter(sample.error for sample in self.samples if sample.error).most_common())

    @property
    def served_per_s(self) -> float:
        """Requests served a second while visitors came; what was answered after that says what had piled up."""
        return sum(not sample.error and sample.ended_s <= self.seconds for sample in self.samples) / self.seconds

    def of(self, name: str = "") -> Waits:
        """What the requests of this name waited, or all of them."""
        return Waits.of(sample for sample in self.samples if name in ("", sample.name))

    def over_time(self, name: str = "") -> list[Second]:
        """Second by second."""
        chosen = [sample for sample in self.samples if name in ("", sample.name)]
        return list(_seconds(chosen, max(self.seconds, *(sample.ended_s for sample in chosen), 0.0)))

    def windows(self) -> Iterator[tuple[str, float, float]]:
        """Each fault in words, from which to which second of the run."""
        for fault in self.faults:
            healed_at = fault.healed_at or self.began_at + self.seconds
            yield fault.began, fault.began_at - self.began_at, healed_at - self.began_at

    def to_json(self) -> dict[str, Any]:
        """Everything but the single requests, which `to_csv` gives."""
        return {
            "loop": self.loop,
            "load": self.load,
            "seconds": self.seconds,
            "began_at": self.began_at,
            "requests": len(self.samples),
            "served_per_s": round(self.served_per_s, 2),
            "saturated": self.saturated,
            "waits": {name: asdict(self.of(name)) for name in self.names},
            "errors": self.errors,
            "faults": [
                {"fault": what, "began_s": round(begin, 3), "healed_s": round(end, 3)}
                for what, begin, end in self.windows()
            ],
            "over_time": [
                {"from_s": second.from_s, **asdict(second.waits), "served": second.served}
                for second in self.over_time()
            ],
        }

    def to_csv(self) -> str:
        """One line a request."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["name", "intended_s", "started_s", "ended_s", "wait_s", "error"])
        for one in sorted(self.samples, key=lambda sample: sample.intended_s):
            times = (f"{value:.4f}" for value in (one.intended_s, one.started_s, one.ended_s, one.wait_s))
            writer.writerow([one.name, *times, one.error])
        return text.getvalue()

    def over_time_csv(self) -> str:
        """One line a second."""
        text = io.StringIO()
        rows = self.to_json()["over_time"]
        writer = csv.DictWriter(text, list(rows[0]) if rows else ["from_s"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def plot(self, name: str = "") -> "Picture":
        """The run as a picture, of all requests or those of one name. Needs matplotlib."""
        from breakwater.load.plot import plot

        return plot(self, name)

    def __repr__(self) -> str:
        return "\n".join(said(self))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of numbers in order: the least one that `share` of them do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def said(run: Run) -> Iterator[str]:
    """A run for reading: who waited how long, what went wrong, and what the weather was."""
    began = f"{run.load} for {run.seconds:g} s ({run.loop} loop)"
    yield f"{began}: {len(run.samples)} requests, {run.served_per_s:.1f} served a second"
    yield f"  {'':<12}{'requests':>9}{'errors':>8}{'median':>10}{'90 %':>10}{'99 %':>10}{'longest':>10}"
    for name in run.names:
        waits = run.of(name)
        times = "".join(f"{value:>8.3f} s" for value in (waits.p50_s, waits.p90_s, waits.p99_s, waits.max_s))
        yield f"  {name:<12}{waits.count:>9}{waits.errors:>8}{times}"
    for what, begin, end in run.windows():
        yield f"  {begin:.1f} to {end:.1f} s: {what}"
    for kind, count in run.errors.items():
        yield f"  not served: {count} × {kind}"
    if run.saturated:
        yield f"  {run.saturated}"


def keep(run: Run, folder: Path, more: dict[str, Any] | None = None) -> list[Path]:
    """Write a run into `folder`, with `more` in its summary; return the files."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "run.json": json.dumps(run.to_json() | (more or {}), indent=2, ensure_ascii=False) + "\n",
        "over-time.csv": run.over_time_csv(),
        "requests.csv": run.to_csv(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _seconds(samples: Sequence[Sample], end_s: float) -> Iterator[Second]:
    asked: dict[int, list[Sample]] = {}
    for sample in samples:
        asked.setdefault(int(sample.intended_s / BIN_S), []).append(sample)
    served = Counter(int(sample.ended_s / BIN_S) for sample in samples if not sample.error)
    for number in range(math.ceil(end_s / BIN_S)):
        yield Second(number * BIN_S, Waits.of(asked.get(number, [])), served[number])
