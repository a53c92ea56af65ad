"""A sale as it was seen from outside: every buyer, every load of the seat page, and the weather."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from breakwater.buyer import Answer
from breakwater.notebook import _picture
from breakwater.notebook._picture import Picture

Asked = TypeVar("Asked", "Answer", "Page")


@dataclass(frozen=True)
class Page:
    """One load of the seat page. `status` is None where it did not come; times in UNIX seconds."""

    request_id: str
    asked_at: float
    elapsed_s: float
    status: int | None


@dataclass(frozen=True)
class Sale:
    """One sale. Waits count from the moment at which a buyer meant to ask, so nobody who queues is left out."""

    name: str
    began_at: float
    during: tuple[float, float] | None
    buyers: tuple[Answer, ...]
    pages: tuple[Page, ...]

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

    def plot(self) -> Picture:
        """How long each buyer and each load of the seat page waited, by the moment of asking."""
        figure, axes = _picture.axes()
        if self.during:
            axes.axvspan(*self.during, color=_picture.FAULT, alpha=0.25, lw=0, label=self.name)
        series: list[tuple[str, str, str, Sequence[Answer | Page]]] = [
            ("a buyer", "o", _picture.BUYER, self.buyers),
            ("the seat page", "x", _picture.PAGE, self.pages),
        ]
        for name, marker, colour, asked in series:
            times = [one.asked_at - self.began_at for one in asked]
            axes.plot(times, [one.elapsed_s for one in asked], marker, color=colour, ms=5, label=name)
        axes.set(xlabel="asked at, seconds into the sale", ylabel="waited, seconds", ylim=(0, None))
        axes.legend(loc="upper left")
        return _picture.picture(figure, self._alt())

    def _alt(self) -> str:
        buyers, pages = _inside(self.buyers, self), _inside(self.pages, self)
        where = "in all" if self.during is None else f"while {self.name}"
        return (
            f"Waits {where}: buyers {_waits(buyers)}; loads of the seat page {_waits(pages)}. "
            f"Buyers were told {self.outcomes}."
        )


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
