"""Settings, all from the environment."""

import re
from typing import Annotated

from pydantic import field_validator
from pydantic_settings import BaseSettings, NoDecode

ENTRY = re.compile(r"(?P<event>[A-Za-z0-9_-]{1,100})=(?P<cents>[0-9]{1,9})")


class Settings(BaseSettings):
    """`PRICES` is the price list, in cents a seat: `opening-night=4500 quay-concert=2500`."""

    prices: Annotated[dict[str, int], NoDecode]

    @field_validator("prices", mode="before")
    @classmethod
    def parsed(cls, value: str) -> dict[str, int]:
        """Read the list; what is no price is refused when the service starts, and not when a buyer asks."""
        prices = {}
        for entry in value.split():
            found = ENTRY.fullmatch(entry)
            if not found:
                raise ValueError(f"`{entry}` is not EVENT=CENTS")
            prices[found["event"]] = int(found["cents"])
        return prices
