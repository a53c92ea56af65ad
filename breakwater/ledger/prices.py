"""What each seat costs: the judge's own copy of the truth, which no shop can change."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, Strict

from breakwater import paths, toml
from breakwater.ledger.record import Seat


class Block(toml.Table):
    """Rows of seats at one price: each letter of `rows` is a row, whose seats are numbered from 1."""

    event: str
    rows: str
    seats_a_row: Annotated[int, Field(gt=0)]
    price_cents: Annotated[int, Field(gt=0)]


class PriceList(toml.Table):
    block: Annotated[tuple[Block, ...], Strict(False)]


def load(file: Path | None = None) -> dict[Seat, int]:
    """The listed price of each (event, seat), in cents; by default those of the box office.

    Raises:
        BadInput: the file cannot be used.
    """
    blocks = toml.read(file or paths.PRICES, PriceList).block
    return {
        (block.event, f"{row}{number}"): block.price_cents
        for block in blocks
        for row in block.rows
        for number in range(1, block.seats_a_row + 1)
    }
