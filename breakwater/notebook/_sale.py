"""A sale as it was seen from outside: every buyer, every load of a page, and the weather."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

from breakwater import pictures
from breakwater.buyer import Answer
from breakwater.engines import Exchange
from breakwater.pictures import Picture

Asked = TypeVar("Asked", "Answer", "Page")


@dataclass(frozen=True)
class Page:
    """One load of a page. `status` is None where it did not come; times in UNIX seconds.

    `age_s` is how old the shop says that it is (RFC 9111, 5.1): 0 where it says nothing.
    """

    request_id: str
    asked_at: float
    elapsed_s: float
    status: int | None
    age_s: int = 0


@dataclass(frozen=True)
class Sale:
    """One sale. Waits count from the moment at which a buyer meant to ask, so nobody who queues is left out."""

    name: str
    began_at: float
    during: tuple[float, float] | None
    buyers: tuple[Answer, ...]
    pages: tuple[Page, ...]
    exchanges: tuple[Exchange, ...] = ()
    visits: tuple[Page, ...] = ()
    """Loads of the event page, by people who only look."""

    @property
    def slowest_buyer(self) -> Answer:
        return max(self.buyers, key=lambda buyer: buyer.elapsed_s)

    @property
    def slowest_page(self) -> Page:
        return max(self.pages, key=lambda page: page.elapsed_s)

    @property
    def slowest_page_s(self) -> float:
        return self.slowest_page.elapsed_s

    @property
    def outcomes(self) -> str:
        """How often buyers were told what: `72 × 201, 8 × 503`."""
        counts = Counter(str(answer.status or "no answer") for answer in self.buyers)
        return ", ".join(f"{count} × {told}" for told, count in sorted(counts.items()))

    @property
    def afterwards(self) -> list[Answer]:
        """The buyers who asked when the weather was over, without the last two seconds' (their answers may be late)."""
        end = (self.during or (0.0, 0.0))[1]
        last = max(one.asked_at for one in self.buyers) - 2.0
        return [one for one in self.buyers if one.asked_at - self.began_at >= end and one.asked_at < last]

    @property
    def sold_afterwards(self) -> float:
        """The share of them who were sold a seat."""
        return sum(one.status == 201 for one in self.afterwards) / len(self.afterwards)

    def hit_after_s(self, longer_than_s: float) -> float:
        """Seconds from the weather's begin to the first buyer who waited longer; infinite if there was none."""
        begun = self.began_at + (self.during or (0.0, 0.0))[0]
        late = [one.asked_at - begun for one in self.buyers if one.asked_at >= begun and one.elapsed_s > longer_than_s]
        return min(late, default=float("inf"))

    def visit_percentiles_s(self, *percents: float) -> list[float]:
        """For each of these the seconds that so many of a hundred loads of the event page did not exceed."""
        waits = sorted(page.elapsed_s for page in self.visits)
        return [waits[max(0, math.ceil(len(waits) * percent / 100) - 1)] for percent in percents]

    def attempts_per_visit(self, caller: str, callee: str) -> float:
        """How many requests went over a link for each load of the event page, on average."""
        return len(self._on(caller, callee)) / len(self.visits)

    def attempts_per_buyer(self, caller: str, callee: str) -> float:
        """How many requests went over a link for each buyer, on average."""
        return len(self._on(caller, callee)) / len(self.buyers)

    def plot_load(self, caller: str, callee: str) -> Picture:
        """Second by second: buyers who asked, those of them who were sold a seat, and requests on a link."""
        asked = _per_second([one.asked_at - self.began_at for one in self.buyers])
        sold = _per_second([one.asked_at - self.began_at for one in self.buyers if one.status == 201])
        load = _per_second([one.asked_at - self.began_at for one in self._on(caller, callee)])
        sold += [0] * (len(asked) - len(sold))
        figure, axes = pictures.axes()
        if self.during:
            axes.axvspan(*self.during, color=pictures.FAULT, alpha=0.25, lw=0, label=self.name)
        lines: list[tuple[list[int], str, dict[str, Any]]] = [
            (load, f"{caller} → {callee}, requests", {"color": pictures.PAGE}),
            (asked, "buyers who asked", {"color": pictures.INK, "ls": ":"}),
            (sold, "of them sold a seat", {"color": pictures.BUYER, "lw": 2.5}),
        ]
        for counts, label, style in lines:
            axes.step(range(len(counts) + 1), [*counts, counts[-1]], where="post", label=label, **style)
        axes.set(xlabel="seconds into the sale", ylabel="per second", ylim=(0, None))
        axes.yaxis.get_major_locator().set_params(integer=True)
        figure.legend(loc="outside upper left", ncols=4)
        return pictures.picture(figure, self._load_alt(caller, callee))

    def plot_inside(self, caller: str, places: int) -> Picture:
        """How many of `caller`'s questions were under way at once, by whom they were for, against its `places`.

        A question that was given up counts to the end: when its caller left, the link does not know.
        """
        figure, axes = pictures.axes()
        if self.during:
            axes.axvspan(*self.during, color=pictures.FAULT, alpha=0.25, lw=0, label=self.name)
        moments = [n / 20 for n in range(int(max(one.asked_at - self.began_at for one in self.buyers) * 20))]
        callees = sorted({one.callee for one in self.exchanges if one.caller == caller})
        counts = {callee: [self._inside(caller, callee, moment) for moment in moments] for callee in callees}
        colours = [pictures.VISIT, pictures.PAGE, pictures.BUYER]
        axes.stackplot(moments, counts.values(), labels=counts, colors=colours, alpha=0.8, step="post", lw=0)
        axes.axhline(places, color=pictures.INK, ls=":", label=f"{places} places")
        axes.set(xlabel="seconds into the sale", ylabel=f"questions of {caller} under way", ylim=(0, places * 1.25))
        figure.legend(loc="outside upper left", ncols=5)
        most = ", ".join(f"{max(each, default=0)} for {callee}" for callee, each in counts.items())
        return pictures.picture(figure, f"Of {places} places of {caller} there were taken at most: {most}.")

    def _inside(self, caller: str, callee: str, moment_s: float) -> int:
        at = self.began_at + moment_s
        return sum(one.asked_at <= at < (one.answered_at or float("inf")) for one in self._on(caller, callee))

    def _on(self, caller: str, callee: str) -> list[Exchange]:
        return [one for one in self.exchanges if (one.caller, one.callee) == (caller, callee)]

    def _load_alt(self, caller: str, callee: str) -> str:
        sold = f"{round(self.sold_afterwards * 100)} % of those who asked when it was over were sold a seat"
        weather = f"While it lasted, {self.name}; {sold}. " if self.during else ""
        return f"{weather}{caller} asked {callee} {self.attempts_per_buyer(caller, callee):.1f} times for each buyer."

    def plot(self) -> Picture:
        """How long each buyer and each load of a page waited, by the moment of asking."""
        figure, axes = pictures.axes()
        if self.during:
            axes.axvspan(*self.during, color=pictures.FAULT, alpha=0.25, lw=0, label=self.name)
        series: list[tuple[str, str, str, Sequence[Answer | Page]]] = [
            ("a buyer", "o", pictures.BUYER, self.buyers),
            ("the seat page", "x", pictures.PAGE, self.pages),
        ]
        series += [("the event page", ".", pictures.VISIT, self.visits)] if self.visits else []
        for name, marker, colour, asked in series:
            times = [one.asked_at - self.began_at for one in asked]
            axes.plot(times, [one.elapsed_s for one in asked], marker, color=colour, ms=5, label=name)
        axes.set(xlabel="asked at, seconds into the sale", ylabel="waited, seconds", ylim=(0, None))
        figure.legend(loc="outside upper left", ncols=4)
        return pictures.picture(figure, self._alt())

    def _alt(self) -> str:
        buyers, pages = _inside(self.buyers, self), _inside(self.pages, self)
        where = "in all" if self.during is None else f"while {self.name}"
        visits = f"; loads of the event page {_waits(_inside(self.visits, self))}" if self.visits else ""
        return (
            f"Waits {where}: buyers {_waits(buyers)}; loads of the seat page {_waits(pages)}{visits}. "
            f"Buyers were told {self.outcomes}."
        )


def _per_second(moments: Sequence[float]) -> list[int]:
    counts = Counter(int(moment) for moment in moments)
    return [counts[second] for second in range(int(max(moments, default=0)) + 1)]


def _inside(asked: Sequence[Asked], sale: Sale) -> list[Asked]:
    begin, end = sale.during or (0.0, float("inf"))
    return [one for one in asked if begin <= one.asked_at - sale.began_at <= end]


def _waits(asked: Sequence[Answer] | Sequence[Page]) -> str:
    waits = [one.elapsed_s for one in asked]
    return f"{median(waits):.2f} s in the median, {max(waits):.2f} s at worst" if waits else "none"


@dataclass(frozen=True)
class Table:
    """Rows of text that a notebook shows as a table, and a terminal as lines."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def _repr_markdown_(self) -> str:
        lines = [self.head, tuple("---" for _ in self.head), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def __repr__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
        )


def compared(sales: Sequence[Sale]) -> Table:
    """Sales side by side: what buyers and the seat page met while the weather lasted."""
    head = ("while it lasted", "a buyer's wait, median", "slowest seat page", "buyers were told")
    rows = tuple(
        (
            sale.name,
            f"{median([one.elapsed_s for one in _inside(sale.buyers, sale)] or [0]):.2f} s",
            f"{max([one.elapsed_s for one in _inside(sale.pages, sale)] or [0]):.2f} s",
            sale.outcomes,
        )
        for sale in sales
    )
    return Table(head, rows)


def visited(sales: Mapping[str, Sale], caller: str, callee: str) -> Table:
    """How long the event page took in each sale, in percentiles, and what a load of it cost on a link."""
    head = ("the event page", "median", "p95", "p99", "worst", f"requests {caller} → {callee} a load")
    rows = []
    for name, sale in sales.items():
        waits = (f"{wait:.3f} s" for wait in sale.visit_percentiles_s(50, 95, 99, 100))
        rows.append((name, *waits, f"{sale.attempts_per_visit(caller, callee):.2f}"))
    return Table(head, tuple(rows))
